/** Wakes the screen when somebody speaks near it. Only loudness is looked at, and nothing is sent. */
import { MicError, Recorder } from '@avatar-chat/client'
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { RECORDER_WORKLET_URL } from '../lib/recorder-worklet'
import { VoiceGate } from './voice-gate'

/** A microphone that is not there, or was unplugged, is looked for again. */
const AGAIN_MS = 10_000

/**
 * Listens while `wanted`; `came` is called when somebody speaks. Returns whether it is deaf: there is no
 * microphone that it may use.
 */
export function useVoiceWake(wanted: Readonly<Ref<boolean>>, came: () => void): Readonly<Ref<boolean>> {
  const recorder = new Recorder(RECORDER_WORKLET_URL)
  let gate = new VoiceGate()
  const isDeaf = ref(false)
  let again: ReturnType<typeof setTimeout> | undefined

  function later(): void {
    isDeaf.value = true
    clearTimeout(again)
    again = setTimeout(() => void open(), AGAIN_MS)
  }

  async function open(): Promise<void> {
    gate = new VoiceGate()
    try {
      await recorder.start()
      isDeaf.value = false
      if (!wanted.value) recorder.stop()
    } catch (error) {
      if (!(error instanceof MicError)) throw error
      console.warn('avatar-chat: no voice wakes the screen:', error.message)
      later()
    }
  }

  function close(): void {
    clearTimeout(again)
    recorder.stop()
  }

  recorder.on('level', (level) => void (gate.push(level) && came()))
  recorder.on('ended', later)
  watch(wanted, (isWanted) => (isWanted ? void open() : close()), { immediate: true })
  onScopeDispose(close)
  return isDeaf
}
