/** What this person prefers, kept in this browser. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { preferredLocale, type Locale } from '../i18n'
import type { BackgroundId } from '../lib/backgrounds'

export type Theme = 'system' | 'light' | 'dark'
export type SpokenLanguage = 'auto' | 'en' | 'zh'

const KEY = 'avatar-chat.settings'

interface Stored {
  avatar: string | null
  voice: string | null
  language: SpokenLanguage
  locale: Locale
  theme: Theme
  volume: number
  subtitles: boolean
  background: BackgroundId
}

export const useSettings = defineStore('settings', () => {
  const stored = read()
  const avatar = ref<string | null>(stored.avatar ?? null)
  const voice = ref<string | null>(stored.voice ?? null)
  const language = ref<SpokenLanguage>(stored.language ?? 'auto')
  const locale = ref<Locale>(stored.locale ?? preferredLocale(navigator.languages))
  const theme = ref<Theme>(stored.theme ?? 'system')
  const volume = ref(stored.volume ?? 1)
  const subtitles = ref(stored.subtitles ?? true)
  const background = ref<BackgroundId>(stored.background ?? 'studio')

  const all = { avatar, voice, language, locale, theme, volume, subtitles, background }
  const keep = watch(Object.values(all), () => {
    const plain = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value.value]))
    write(JSON.stringify(plain))
  })
  /** This screen is nobody's own: what is set from here on holds until the page goes. */
  const keepNothing = (): void => keep.stop()
  return { ...all, keepNothing }
})

function read(): Partial<Stored> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Stored>
  } catch {
    return {} // storage refused or spoilt: the defaults hold
  }
}

function write(text: string): void {
  try {
    localStorage.setItem(KEY, text)
  } catch (error) {
    console.info('settings are not kept:', error)
  }
}
