/** A service that refused this screen is asked again: as often as there is hope. */
import { ref, watch, type Ref } from 'vue'
import { useCall } from '../stores/call'

/** By the problem that it named; another one may be over soon. */
const ASK_AGAIN_MS: Record<string, number> = {
  // It has only ended an idle session.
  'problem.expired': 0,
  // Nothing changes until somebody comes and sets it right.
  'problem.unauthorized': 300_000,
}
const USUAL_MS = 5_000

/** Returns whether the screen is not let in, which only an operator can change. */
export function useAskingAgain(): Readonly<Ref<boolean>> {
  const call = useCall()
  const isUnwelcome = ref(false)
  watch(
    () => call.phase === 'offline' && !call.retrying,
    (isRefused, _, onCleanup) => {
      if (!isRefused) return
      const key = call.problem?.key ?? ''
      isUnwelcome.value = key === 'problem.unauthorized'
      const timer = setTimeout(() => call.reconnect(), ASK_AGAIN_MS[key] ?? USUAL_MS)
      onCleanup(() => clearTimeout(timer))
    },
  )
  watch(
    () => call.ready,
    () => (isUnwelcome.value = false),
  )
  return isUnwelcome
}
