import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, ref, type EffectScope, type Ref } from 'vue'
import { LEFT_MS, STAYED_MS } from '../../src/kiosk/presence'
import { useFaceWake } from '../../src/kiosk/useFaceWake'

const AGAIN_MS = 10_000
const LONG_MS = STAYED_MS + 1_000
const find = vi.hoisted(() => vi.fn())
vi.mock('../../src/kiosk/face-finder', () => ({ faceFinder: () => Promise.resolve(find) }))

class FakeStream {
  active = true
  getTracks = () => [{ stop: () => (this.active = false) }]
}

let streams: FakeStream[]
let isPlugged: boolean
let came: number
let isVisited: Ref<boolean>
let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'warn').mockReturnValue()
  find.mockReset().mockResolvedValue(true)
  const video = { HAVE_CURRENT_DATA: 2, readyState: 2, play: () => Promise.resolve() }
  vi.spyOn(document, 'createElement').mockReturnValue(video as unknown as HTMLElement)
  streams = []
  isPlugged = true
  came = 0
  isVisited = ref(false)
  vi.stubGlobal('navigator', {
    mediaDevices: {
      getUserMedia: () => {
        if (!isPlugged) return Promise.reject(new DOMException('none', 'NotFoundError'))
        streams.push(new FakeStream())
        return Promise.resolve(streams.at(-1))
      },
    },
  })
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const start = (): void => scope.run(() => useFaceWake(isVisited, welcome))
/** A visit follows. */
function welcome(): void {
  came += 1
  isVisited.value = true
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('somebody who stays wakes the screen, until it is over', async () => {
  start()
  await pass(LONG_MS)
  expect([came, streams.length]).toEqual([1, 1])
  scope.stop()
  expect(streams[0]!.active).toBe(false)
  expect(vi.getTimerCount()).toBe(0)
})

test('a camera that comes late is found', async () => {
  isPlugged = false
  start()
  await pass(1_000)
  isPlugged = true
  await pass(AGAIN_MS + LONG_MS)
  expect(came).toBe(1)
})

test('one that was unplugged is looked for again', async () => {
  start()
  await pass(1_000)
  streams[0]!.active = false
  await pass(AGAIN_MS + LONG_MS)
  expect([streams.length, came]).toEqual([2, 1])
})

test('who comes in the visit of another is no sign of it, and is welcomed after it', async () => {
  start()
  await pass(LONG_MS)
  find.mockResolvedValue(false)
  await pass(LEFT_MS + 1_000)
  find.mockResolvedValue(true)
  await pass(LONG_MS)
  expect(came).toBe(1)
  isVisited.value = false
  await pass(1_000)
  expect(came).toBe(2)
})

test('who stays after a visit has had it', async () => {
  start()
  await pass(LONG_MS)
  isVisited.value = false
  await pass(LONG_MS)
  expect(came).toBe(1)
})

test('a look that fails lets go of the camera, and it is opened again', async () => {
  find.mockRejectedValueOnce(new Error('no memory'))
  start()
  await pass(1_000)
  expect(streams.map((one) => one.active)).toEqual([false])
  await pass(AGAIN_MS + LONG_MS)
  expect([streams.length, came]).toEqual([2, 1])
})
