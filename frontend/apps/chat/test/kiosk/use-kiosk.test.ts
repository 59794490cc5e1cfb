import type { SessionReady } from '@avatar-chat/client'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { configOf } from '../../src/kiosk/config'
import { useKiosk } from '../../src/kiosk/useKiosk'
import { COMING_MS, LOST_MS } from '../../src/kiosk/visit'
import { useCall } from '../../src/stores/call'
import { SERVED } from './served'

let call: ReturnType<typeof useCall>
let scope: EffectScope
let said: string[]
let opened: () => void
let asked: number

/** A call whose microphone opens when the test says so. */
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  call = useCall()
  said = []
  asked = 0
  call.phase = 'ready'
  call.say = (words) => said.push(words) > 0
  call.reconnect = () => void (call.retrying = (asked += 1) > 0)
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

test('whoever comes in the moment after the one before was forgotten is greeted', async () => {
  const { came, stage } = start()
  call.phase = 'connecting'
  await vi.advanceTimersByTimeAsync(0)
  came()
  expect(stage.value).toBe('attract')
  call.phase = 'ready'
  await vi.advanceTimersByTimeAsync(0)
  await open()
  expect([stage.value, said]).toEqual(['greeting', ['Hello!']])
})

test('whom the line did not let greet is greeted when it is back', async () => {
  const { came } = start()
  call.say = (words) => call.phase !== 'offline' && said.push(words) > 0
  came()
  call.phase = 'offline'
  await open()
  expect(said).toEqual([])
  call.phase = 'ready'
  await vi.advanceTimersByTimeAsync(0)
  expect(said).toEqual(['Hello!'])
})

test('a line that breaks while the microphone opens makes no second greeting', async () => {
  const { came } = start()
  came()
  for (const phase of ['offline', 'ready'] as const) {
    call.phase = phase
    await vi.advanceTimersByTimeAsync(0)
  }
  await open()
  expect(said).toEqual(['Hello!'])
})

test('a language that was chosen before the line was up is greeted in', async () => {
  const { came } = start()
  call.phase = 'connecting'
  await vi.advanceTimersByTimeAsync(0)
  came('zh')
  came() // as a face is seen again
  call.phase = 'ready'
  await vi.advanceTimersByTimeAsync(0)
  await open()
  expect(said).toEqual(['您好！'])
})

test('a language that is chosen as somebody is seen is greeted in', async () => {
  const { came, language } = start()
  came()
  came('zh')
  await open()
  expect([language.value, said]).toEqual(['zh', ['您好！']])
})

test('whoever comes after somebody who chose a language and was not greeted has not chosen it', async () => {
  const { came, language } = start()
  call.phase = 'offline'
  await vi.advanceTimersByTimeAsync(0)
  came('zh')
  await vi.advanceTimersByTimeAsync(COMING_MS + 1_000)
  came()
  expect(language.value).toBe('en')
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

test('whoever comes while the microphone still opens for the one before is greeted once', async () => {
  const { came, stage } = start()
  came()
  call.phase = 'offline'
  await vi.advanceTimersByTimeAsync(LOST_MS + 1_000)
  call.phase = 'ready'
  await vi.advanceTimersByTimeAsync(0)
  came()
  await open()
  expect([stage.value, said]).toEqual(['greeting', ['Hello!']])
})

test('a microphone that was unplugged in a visit is opened again, but not into the reply', async () => {
  const { came } = start({ silence_ms: 60_000 })
  came()
  await open()
  call.phase = 'speaking'
  call.microphone = false
  await vi.advanceTimersByTimeAsync(20_000)
  await open()
  expect(call.microphone).toBe(false)
  call.phase = 'ready'
  await vi.advanceTimersByTimeAsync(6_000)
  await open()
  expect(call.microphone).toBe(true)
})

/** Refused once, and again whenever it asks. */
async function refused(key: string): Promise<void> {
  call.problem = { key, retry: 'reconnect' }
  call.retrying = false
  call.phase = 'offline'
  await vi.advanceTimersByTimeAsync(0)
}

async function asksAgain(): Promise<void> {
  call.problem = null
  call.retrying = true
  await vi.advanceTimersByTimeAsync(0)
}

test.each([
  ['problem.expired', 0],
  ['problem.full', 5_000],
  ['problem.unauthorized', 300_000],
])('after %s the service is asked again in %d ms, and again', async (key, afterMs) => {
  start()
  for (const time of [1, 2]) {
    await refused(key)
    await vi.advanceTimersByTimeAsync(Math.max(afterMs - 1, 0))
    if (afterMs > 0) expect(asked).toBe(time - 1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toBe(time)
  }
})

test('a microphone that fails meanwhile keeps nobody from asking the service again', async () => {
  start()
  await refused('problem.full')
  call.problem = { key: 'problem.mic.no_device', retry: 'microphone' }
  await vi.advanceTimersByTimeAsync(5_000)
  expect(asked).toBe(1)
})

test('the operator is told of a token that is refused until the line is up', async () => {
  const { isUnwelcome } = start()
  await refused('problem.full')
  expect(isUnwelcome.value).toBe(false)
  await asksAgain()
  await refused('problem.unauthorized')
  await asksAgain()
  expect(isUnwelcome.value).toBe(true)
  call.ready = {} as SessionReady
  await vi.advanceTimersByTimeAsync(0)
  expect(isUnwelcome.value).toBe(false)
})

test('whoever was there before the computer slept is forgotten when it wakes', async () => {
  const { came, stage } = start()
  const forget = (call.forget = vi.fn())
  came()
  await open()
  vi.setSystemTime(Date.now() + 8 * 3_600_000) // and no other clock went on
  await vi.advanceTimersByTimeAsync(500)
  expect([stage.value, forget.mock.calls.length]).toEqual(['attract', 1])
})

test('a page that comes while the place is closed is asleep at once', () => {
  vi.setSystemTime(new Date(2026, 10, 22, 12))
  expect(start({ open_week: [[480, 1080]] }).stage.value).toBe('asleep')
})
