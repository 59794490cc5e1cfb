import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { configOf } from '../../src/kiosk/config'
import { useKiosk } from '../../src/kiosk/useKiosk'
import { LOST_MS } from '../../src/kiosk/visit'
import { useCall } from '../../src/stores/call'
import { SERVED } from './served'

let call: ReturnType<typeof useCall>
let scope: EffectScope
let said: string[]
let opened: () => void

/** A call whose microphone opens when the test says so. */
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  call = useCall()
  said = []
  call.phase = 'ready'
  call.say = (words) => said.push(words) > 0
  call.toggleMicrophone = () => {
    if (!call.microphone) return new Promise<void>((resolve) => (opened = resolve)).then(() => void (call.microphone = true))
    call.microphone = false
    return Promise.resolve()
  }
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function start(changes: Partial<typeof SERVED> = {}) {
  return scope.run(() => useKiosk(configOf({ ...SERVED, open_week: [], ...changes }, new URLSearchParams())))!
}

async function open(): Promise<void> {
  opened()
  await vi.advanceTimersByTimeAsync(0)
}

test('whoever touches it twice while the microphone opens is greeted', async () => {
  const { came, stage } = start()
  came()
  came()
  await open()
  expect([stage.value, said, call.microphone]).toEqual(['greeting', ['Hello!'], true])
})

test('a microphone that opens after the visitor has left is closed again', async () => {
  const { came, stage } = start()
  came()
  call.phase = 'offline'
  await vi.advanceTimersByTimeAsync(LOST_MS + 1_000)
  call.phase = 'ready'
  await open()
  expect([stage.value, said, call.microphone]).toEqual(['attract', [], false])
})

test('a page that comes while the place is closed is asleep at once', () => {
  vi.setSystemTime(new Date(2026, 10, 22, 12))
  expect(start({ open_week: [[480, 1080]] }).stage.value).toBe('asleep')
})
