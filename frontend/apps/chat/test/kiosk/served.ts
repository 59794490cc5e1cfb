/** What a service would say. */
import type { ServedKiosk } from '../../src/kiosk/config'

export const SERVED: ServedKiosk = {
  avatar: 'nora',
  languages: ['en', 'zh'],
  invitations: { en: 'Talk to me', zh: '来和我聊聊' },
  greetings: { en: 'Hello!', zh: '您好！' },
  hours: ['Mon 08:00-18:00'],
  open_week: [[480, 1080]],
  silence_ms: 25_000,
  farewell_ms: 10_000,
  voice: true,
  camera: false,
  keyboard: false,
  background: 'dusk',
  background_url: null,
  logo_url: null,
  restart_minute: 240,
}
