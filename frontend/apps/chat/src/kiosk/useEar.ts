/** Whoever visits is to be heard: the call's microphone, opened for a visit and again when it comes late. */
import { computed, watch } from 'vue'
import { useCall } from '../stores/call'

/** A microphone that is not there, or was unplugged, is looked for again. */
const AGAIN_MS = 5_000

/**
 * `isVisited`: somebody may want to talk. `isBusy`: the face has the word, which a microphone that opens
 * would take from it. Returns what opens the microphone, as far as it can be, and settles after.
 */
export function useEar(isVisited: () => boolean, isBusy: () => boolean): () => Promise<void> {
  const call = useCall()
  const isMissed = computed(() => isVisited() && !isBusy() && !call.microphone)
  let opening: Promise<void> | null = null

  function open(): Promise<void> {
    opening ??= attempt().finally(() => (opening = null))
    return opening
  }

  async function attempt(): Promise<void> {
    if (!call.microphone) await call.toggleMicrophone()
    // It may take longer to open than a visitor stays; then nobody is to be heard.
    if (call.microphone && !isVisited()) await call.toggleMicrophone()
  }

  watch(isMissed, (missed, _, onCleanup) => {
    if (!missed) return
    const again = setInterval(() => void open(), AGAIN_MS)
    onCleanup(() => clearInterval(again))
  })
  return open
}
