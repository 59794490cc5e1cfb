import { expect, test } from 'vitest'
import { Timeline } from '../src/timeline'
import { videoMeta } from './fakes'

/** Chunks of the given lengths, end to end. */
function timeline(...lengthsMs: number[]): Timeline {
  const line = new Timeline()
  let start_ms = 0
  for (const [chunk_seq, duration_ms] of lengthsMs.entries()) {
    const first_frame = (100 + start_ms / 40) % 125
    line.add(videoMeta({ chunk_seq, start_ms, duration_ms, first_frame }))
    start_ms += duration_ms
  }
  return line
}
const told = (line: Timeline, timeS: number) =>
  line.advance(timeS).map(({ meta, event }) => `${meta.chunk_seq} ${event}`)

test('the first picture starts the first chunk, once', () => {
  const line = timeline(320, 1000)
  expect(line.current).toBeNull()
  expect(told(line, 0)).toEqual(['0 started'])
  expect(told(line, 0.2)).toEqual([])
  expect(line.current?.chunk_seq).toBe(0)
})

test('at a border the one has ended and the next has started', () => {
  const line = timeline(320, 1000)
  line.advance(0)
  expect(told(line, 0.28)).toEqual([])
  expect(told(line, 0.3199)).toEqual(['0 ended', '1 started'])
  expect(line.current?.chunk_seq).toBe(1)
})

test('nothing is forgotten when pictures are skipped', () => {
  expect(told(timeline(320, 1000, 1000), 1.4)).toEqual([
    '0 started',
    '0 ended',
    '1 started',
    '1 ended',
    '2 started',
  ])
})

test('time that seems to go back tells nothing again', () => {
  const line = timeline(320, 1000)
  line.advance(0.5)
  expect(told(line, 0.1)).toEqual([])
})

test('all that came has been played; what comes after starts anew', () => {
  const line = timeline(320)
  line.advance(0)
  expect(line.finish().map(({ event }) => event)).toEqual(['ended'])
  expect(line.finish()).toEqual([])
  expect(line.current).toBeNull()
  line.add(videoMeta({ chunk_seq: 1, start_ms: 320 }))
  expect(told(line, 0.32)).toEqual(['1 started'])
})

test('positions are counted within the chunk', () => {
  const line = timeline(320, 1000)
  line.advance(0.5)
  expect(line.positionMs(line.current!, 0.5)).toBeCloseTo(180)
  expect(line.positionMs(line.current!, 9)).toBe(1000)
})

test('every second of a reply shows a second of the idle loop', () => {
  const line = timeline(320, 1000)
  expect(line.loopS(0)).toBe(4)
  expect(line.loopS(0.4)).toBeCloseTo(108 / 25 + 0.08)
})

test('a hole, left by a sentence that was sound only, is jumped over', () => {
  const line = timeline(320)
  line.add(videoMeta({ chunk_seq: 2, start_ms: 1500 }))
  expect(line.nextStartS(0.32)).toBe(1.5)
  expect(line.nextStartS(1.5)).toBeNull()
  expect(line.endS).toBe(2.5)
})
