/** Calls when somebody presses Escape, wherever on the page they are. */
import { onScopeDispose } from 'vue'
import { isComposing } from '../lib/composing'

export function useEscape(pressed: () => void): void {
  const heard = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !isComposing(event)) pressed()
  }
  // Before what is open hears it, and closes by it.
  addEventListener('keydown', heard, { capture: true })
  onScopeDispose(() => removeEventListener('keydown', heard, { capture: true }))
}
