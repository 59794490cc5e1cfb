/** The page's own words, in the reader's language. */
import { createI18n } from 'vue-i18n'
import { en } from './en'
import { zh } from './zh'

export type Locale = 'en' | 'zh'

export function preferredLocale(languages: readonly string[]): Locale {
  const first = languages.find((language) => /^(zh|en)/i.test(language))
  return first?.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: preferredLocale(navigator.languages),
  fallbackLocale: 'en',
  messages: { en, zh },
})
