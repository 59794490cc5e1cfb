/** What a provider is called on the page; unknown ones keep the name the service gave. */
import { useI18n } from 'vue-i18n'

export function useProviderName(): (provider: string) => string {
  const { t, te } = useI18n()
  return (provider) => (te(`providers.${provider}`) ? t(`providers.${provider}`) : provider)
}
