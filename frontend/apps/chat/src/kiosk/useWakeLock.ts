/** Keeps the screen lit for as long as the page is seen. */
import { onScopeDispose } from 'vue'

export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null

  /** The browser takes the lock back whenever the page is hidden. */
  async function take(): Promise<void> {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    try {
      lock = await navigator.wakeLock.request('screen')
    } catch (error) {
      console.info('the screen may go dark:', error)
    }
  }

  const seen = (): void => void take()
  document.addEventListener('visibilitychange', seen)
  seen()
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    void lock?.release()
  })
}
