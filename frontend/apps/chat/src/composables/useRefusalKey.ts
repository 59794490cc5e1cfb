/** Where the words for a refusal stand, by its code; an unknown one is a fault of the service. */
import { useI18n } from 'vue-i18n'

export function useRefusalKey(): (code: string) => string {
  const words = useI18n()
  return (code) => {
    const key = `creation.refused.${code}`
    return words.te(`${key}.what`) ? key : 'creation.refused.internal'
  }
}
