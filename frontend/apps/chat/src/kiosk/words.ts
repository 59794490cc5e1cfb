/** What the screen itself says, in the visitor's language. The service's settings have the rest. */
import type { Language } from './config'

export interface KioskWords {
  name: string
  /** How to begin. */
  byVoice: string
  byTouch: string
  stillThere: string
  listening: string
  deaf: string
  back: string
  closed: string
  write: string
  days: string[]
}

export const WORDS: Record<Language, KioskWords> = {
  en: {
    name: 'English',
    byVoice: 'Just speak, or touch the screen',
    byTouch: 'Touch the screen',
    stillThere: 'Are you still there?',
    listening: 'I’m listening',
    deaf: 'I cannot hear you just now',
    back: 'One moment, I’ll be right back',
    closed: 'See you soon',
    write: 'Write',
    days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  },
  zh: {
    name: '中文',
    byVoice: '直接说话，或轻触屏幕',
    byTouch: '请轻触屏幕',
    stillThere: '您还在吗？',
    listening: '我在听',
    deaf: '我现在听不到您说话',
    back: '请稍等，我马上回来',
    closed: '下次见',
    write: '打字',
    days: ['周一', '周二', '周三', '周四', '周五', '周六', '周日'],
  },
}
