/** What a provider is called on the page; unknown ones keep the name the service gave. */
import { useI18n } from 'vue-i18n'

export function useProviderName(): (provider: string) => string {
  const words = useI18n()
  return (provider) => {
    const key = `providers.${provider}`
    return words.te(key) ? words.t(key) : provider
  }
}
