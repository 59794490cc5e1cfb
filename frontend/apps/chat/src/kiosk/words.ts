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
  /** Instead of "right back", where nobody knows when. */
  away: string
  /** To whoever looks after the screen. */
  unwelcome: string
  /** A question that got no answer. */
  again: string
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
    away: 'I’m not available just now',
    unwelcome: 'For the operator: the service takes this screen’s access token for missing or wrong. It belongs at the end of the address: #token=…',
    again: 'Sorry, that did not work. Please ask me again.',
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
    away: '我现在暂时不在',
    unwelcome: '致管理员：服务未收到此屏幕正确的访问令牌。请在页面地址末尾加上：#token=…',
    again: '抱歉，刚才没有成功，请再问我一次。',
    closed: '下次见',
    write: '打字',
    days: ['周一', '周二', '周三', '周四', '周五', '周六', '周日'],
  },
}
