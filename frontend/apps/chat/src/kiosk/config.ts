/** How this screen is to be: the service's `kiosk` settings, and what the address says otherwise. Pure. */
import { BACKGROUNDS, type BackgroundId } from '../lib/backgrounds'
import type { Rules } from './visit'

export type Language = 'en' | 'zh'

/** What `GET /api/kiosk` answers. */
export interface ServedKiosk {
  avatar: string | null
  languages: Language[]
  invitations: Partial<Record<Language, string>>
  greetings: Partial<Record<Language, string>>
  hours: string[]
  open_week: [number, number][]
  silence_ms: number
  farewell_ms: number
  voice: boolean
  camera: boolean
  keyboard: boolean
  background: string | null
  background_url: string | null
  logo_url: string | null
  restart_minute: number | null
}

export interface KioskConfig {
  avatar: string | null
  languages: Language[]
  invitations: Partial<Record<Language, string>>
  greetings: Partial<Record<Language, string>>
  hours: string[]
  voice: boolean
  camera: boolean
  keyboard: boolean
  background: BackgroundId
  backgroundUrl: string | null
  logoUrl: string | null
  rules: Rules
}

/** `query`: the page's address may say `avatar`, `languages`, `greeting`, `voice`, `camera`, `keyboard`
 * and `background`, as the settings of these names. */
export function configOf(served: ServedKiosk, query: URLSearchParams): KioskConfig {
  const languages = languagesOf(query.get('languages')) ?? served.languages
  const greeting = query.get('greeting')
  const named = backgroundOf(query.get('background'))
  return {
    avatar: query.get('avatar') ?? served.avatar,
    languages,
    invitations: served.invitations,
    greetings: greeting ? { ...served.greetings, [languages[0]!]: greeting } : served.greetings,
    hours: served.hours,
    voice: switchOf(query.get('voice')) ?? served.voice,
    camera: switchOf(query.get('camera')) ?? served.camera,
    keyboard: switchOf(query.get('keyboard')) ?? served.keyboard,
    background: named ?? backgroundOf(served.background) ?? 'own',
    backgroundUrl: named ? null : served.background_url,
    logoUrl: served.logo_url,
    rules: {
      openWeek: served.open_week,
      silenceMs: served.silence_ms,
      farewellMs: served.farewell_ms,
      restartMinute: served.restart_minute,
    },
  }
}

function languagesOf(text: string | null): Language[] | null {
  const named = (text ?? '').split(',').filter((one): one is Language => one === 'en' || one === 'zh')
  return named.length > 0 ? named : null
}

function backgroundOf(name: string | null): BackgroundId | null {
  return BACKGROUNDS.find((one) => one === name) ?? null
}

function switchOf(text: string | null): boolean | null {
  return text === '1' ? true : text === '0' ? false : null
}
