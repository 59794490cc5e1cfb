/** Tells whoever watches over the browser that the page is alive, and what it is at. */
import { onScopeDispose, watch } from 'vue'

const BEAT_EVERY_MS = 2_000

declare global {
  interface Window {
    /** Put there by `deploy/kiosk`; takes JSON. */
    kioskHeartbeat?: (words: string) => void
  }
}

export interface Heartbeat {
  stage: string
  phase: string
  /** What only an operator can cure. */
  trouble?: string
}

export function useHeartbeat(state: () => Heartbeat): void {
  const beat = (): void => window.kioskHeartbeat?.(JSON.stringify(state()))
  const timer = setInterval(beat, BEAT_EVERY_MS)
  watch(state, beat, { immediate: true })
  onScopeDispose(() => clearInterval(timer))
}
