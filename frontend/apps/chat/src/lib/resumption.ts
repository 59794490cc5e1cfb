/**
 * Lets a reloaded page go on with its conversation.
 *
 * The key lies in this tab's storage only between the going of one page and the coming of the next:
 * a tab that is duplicated while it talks begins a conversation of its own.
 */
import type { Resumption } from '@avatar-chat/client'

const KEY = 'avatar-chat.resumption'

export function takeResumption(): Resumption | undefined {
  try {
    const kept = sessionStorage.getItem(KEY)
    sessionStorage.removeItem(KEY)
    return kept ? (JSON.parse(kept) as Resumption) : undefined
  } catch {
    return undefined // storage refused or spoilt: a new conversation begins
  }
}

/** `current` says what would bring the conversation back, when the page goes. */
export function keepResumption(current: () => Resumption | null): void {
  addEventListener('pagehide', () => {
    const resumption = current()
    if (!resumption) return
    try {
      sessionStorage.setItem(KEY, JSON.stringify(resumption))
    } catch (error) {
      console.info('the conversation will not outlive this page:', error)
    }
  })
  // A page that comes back out of the browser's cache still has its key itself.
  addEventListener('pageshow', (event) => void (event.persisted && takeResumption()))
}
