import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IdleFace } from '../src/idle-face'
import { loopDistance } from '../src/loop-distance'
import { FakeVideo } from './fakes'

let video: FakeVideo
let idle: IdleFace
let positions: number[]

beforeEach(() => {
  vi.useFakeTimers()
  video = new FakeVideo()
  Object.defineProperty(video.element, 'duration', { value: 5 })
  Object.defineProperty(video.element, 'paused', { value: false })
  idle = new IdleFace({ idle: video.element })
  positions = []
  idle.on('position', (ms) => positions.push(ms))
})

afterEach(() => vi.useRealTimers())

function runTo(seconds: number): void {
  video.element.currentTime = seconds
  video.element.dispatchEvent(new Event('timeupdate'))
}

test.each([
  [1, 1.1, 0.1],
  [1.1, 1, -0.1],
  [4.9, 0.1, 0.2],
  [0.1, 4.9, -0.2],
])('from %d to %d of a loop of five seconds is %d', (from, to, distance) => {
  expect(loopDistance(from, to, 5)).toBeCloseTo(distance)
})

test('it says where it is when it starts and when it begins anew', () => {
  idle.wake()
  for (const seconds of [1, 2, 4.9, 0.1, 0.3]) runTo(seconds)
  expect(positions).toEqual([0, 100])
})

test('a frame that is near is waited for', async () => {
  runTo(1)
  let reached: boolean | null = null
  void idle.reaches(1.1).then((value) => (reached = value))
  await vi.advanceTimersByTimeAsync(90)
  expect(reached).toBeNull()
  await vi.advanceTimersByTimeAsync(20)
  expect(reached).toBe(true)
})

test.each([
  ['the frame in sight', 1.02, true],
  ['one just passed', 0.9, false],
  ['one far ahead', 2, false],
])('%s is answered at once', async (_name, seconds, verdict) => {
  runTo(1)
  await expect(idle.reaches(seconds)).resolves.toBe(verdict)
})

test('it stands at a place once that picture is there', async () => {
  const pause = vi.spyOn(video.element, 'pause')
  let stands = false
  void idle.standAt(6).then(() => (stands = true))
  expect(pause).toHaveBeenCalled()
  expect(video.element.currentTime).toBe(1)
  await vi.advanceTimersByTimeAsync(10)
  expect(stands).toBe(false)
  video.element.dispatchEvent(new Event('seeked'))
  await vi.advanceTimersByTimeAsync(0)
  expect(stands).toBe(true)
})

test('answers that come later than the service reckons with are reckoned with', async () => {
  runTo(1)
  expect(idle.positionMs).toBe(1000)
  await idle.reaches(0.8)
  expect(idle.positionMs).toBe(1120)
  runTo(4.95)
  expect(idle.positionMs).toBe(70)
  await idle.reaches(0.1)
  expect(idle.positionMs).toBe(4950 + 120 - 90)
})

test('a reply that begins anywhere teaches nothing', async () => {
  runTo(1)
  await idle.reaches(3.4)
  expect(idle.positionMs).toBe(1000)
})
