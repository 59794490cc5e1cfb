/**
 * Keeps the page as high as what can be seen of it. Where the on-screen keyboard lies over the page
 * instead of shrinking it (iOS), the pen would otherwise be under it.
 */
import { onScopeDispose } from 'vue'

export function useViewport(): void {
  const viewport = window.visualViewport
  if (!viewport) return
  const fit = (): void => {
    const isPinched = viewport.scale > 1.01
    if (isPinched) return
    document.documentElement.style.setProperty('--page-height', `${viewport.height}px`)
    window.scrollTo(0, 0)
  }
  viewport.addEventListener('resize', fit)
  onScopeDispose(() => viewport.removeEventListener('resize', fit))
}
