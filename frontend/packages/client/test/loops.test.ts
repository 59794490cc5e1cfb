import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Loops, type Clip } from '../src/loops'
import { FakeVideo } from './fakes'

type Loop = FakeVideo & { paused: boolean }

let idle: Loop
let listening: Loop
let thinking: Loop
let loops: Loops
let changes: Clip[]

beforeEach(() => {
  vi.useFakeTimers()
  idle = loop()
  listening = loop()
  thinking = loop()
  loops = new Loops({ idle: idle.element, listening: listening.element, thinking: thinking.element })
  changes = []
  loops.on('changed', (clip) => changes.push(clip))
  loops.run()
})

afterEach(() => vi.useRealTimers())

/** A loop of eight seconds that knows whether it plays, and seeks at once. */
function loop(): Loop {
  const video = Object.assign(new FakeVideo(), { paused: true })
  const { element } = video
  let currentTime = 0
  Object.defineProperties(element, {
    duration: { value: 8 },
    readyState: { value: 2, writable: true },
    currentTime: {
      configurable: true,
      get: () => currentTime,
      set: (seconds: number) => {
        currentTime = seconds
        queueMicrotask(() => {
          element.dispatchEvent(new Event('seeked'))
          element.dispatchEvent(new Event('canplay'))
        })
      },
    },
  })
  const play = element.play.bind(element)
  element.play = () => {
    video.paused = false
    return play()
  }
  element.pause = () => void (video.paused = true)
  return video
}

const seconds = (amount: number) => vi.advanceTimersByTimeAsync(amount * 1000)
const opacity = (video: Loop) => video.element.style.opacity

test('a loop that could not be fetched is fetched again, unless another has come in its place', async () => {
  const load = (idle.element.load = vi.fn())
  const before = idle.plays
  Object.defineProperty(idle.element, 'error', { value: { code: 4 }, configurable: true })
  idle.fail()
  await seconds(4)
  expect(load).not.toHaveBeenCalled()
  await seconds(2)
  expect([load.mock.calls.length, idle.plays - before]).toEqual([1, 1])
  idle.fail()
  Object.defineProperty(idle.element, 'error', { value: null })
  await seconds(6)
  expect(load).toHaveBeenCalledOnce()
})

test('another loop takes over where the first one is, and the first then rests', async () => {
  idle.element.currentTime = 7.9
  loops.want('thinking')
  await seconds(0.6)
  expect(changes).toEqual(['thinking'])
  expect(thinking.element.currentTime).toBeCloseTo(0.1)
  expect(opacity(thinking)).toBe('1')
  expect(thinking.element.style.transition).toContain('200ms')
  expect(idle.paused).toBe(false)
  await seconds(0.2)
  expect([idle.paused, listening.paused, thinking.paused]).toEqual([true, true, false])
})

test('a seek that takes long is made good with another', async () => {
  let seeks = 0
  Object.defineProperty(thinking.element, 'currentTime', {
    get: () => 1.2,
    set: () => {
      seeks += 1
      setTimeout(() => {
        idle.element.currentTime = seeks === 1 ? 1.5 : 1.2
        thinking.element.dispatchEvent(new Event('seeked'))
      }, 500)
    },
  })
  idle.element.currentTime = 1
  loops.want('thinking')
  await seconds(2)
  expect([seeks, changes]).toEqual([2, ['thinking']])
})

test('a state that passes quickly changes nothing', async () => {
  loops.want('thinking')
  await seconds(0.2)
  loops.want('idle')
  await seconds(2)
  expect(changes).toEqual([])
})

test('on the way down the upper one fades and the lower one is there at once', async () => {
  loops.want('thinking')
  await seconds(1)
  loops.want('listening')
  await seconds(0.5)
  expect(changes).toEqual(['thinking', 'listening'])
  expect(opacity(listening)).toBe('1')
  expect(listening.element.style.transition).toBe('none')
  expect(opacity(thinking)).toBe('0')
  expect(thinking.element.style.transition).toContain('200ms')
  await seconds(0.3)
  expect(thinking.paused).toBe(true)
})

test('a loop that is not there leaves the idle one, and comes when it is', async () => {
  Object.assign(thinking.element, { readyState: 0 })
  loops.want('thinking')
  await seconds(1)
  expect(changes).toEqual([])
  Object.assign(thinking.element, { readyState: 3 })
  thinking.element.dispatchEvent(new Event('canplay'))
  await seconds(0.3)
  expect(changes).toEqual(['thinking'])
})

test('a face with one loop keeps it', async () => {
  const alone = new Loops({ idle: idle.element })
  alone.want('thinking')
  alone.run()
  await seconds(1)
  expect([alone.clip, alone.video]).toEqual(['idle', idle.element])
})

test('while speech covers them they stand, and what was wished for comes later', async () => {
  loops.stand()
  loops.want('listening')
  await seconds(1)
  expect(changes).toEqual([])
  expect(idle.paused).toBe(true)
  loops.run()
  await seconds(1)
  expect(changes).toEqual(['listening'])
})

test('behind speech the idle loop is put back at once', async () => {
  loops.want('thinking')
  await seconds(1)
  loops.stand()
  loops.toIdle()
  expect(loops.clip).toBe('idle')
  expect([opacity(thinking), thinking.element.style.transition]).toEqual(['0', 'none'])
})

test('speech that begins during a change calls it off', async () => {
  loops.want('thinking')
  await vi.advanceTimersByTimeAsync(355)
  loops.stand()
  await seconds(1)
  expect(changes).toEqual([])
  expect(thinking.paused).toBe(true)
})

test('another face begins with its idle loop', async () => {
  loops.want('listening')
  await seconds(1)
  idle.element.dispatchEvent(new Event('emptied'))
  expect(loops.clip).toBe('idle')
})
