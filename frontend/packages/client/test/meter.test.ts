import { expect, test } from 'vitest'
import { GapFinder } from '../src/meter'

/** Shows two seconds of pictures from `fromS` on, each so late on the wall. */
function show(gaps: GapFinder, fromS: number, lateMs: (frame: number) => number): number[] {
  const found: number[] = []
  for (let frame = 0; frame < 50; frame += 1) {
    const mediaS = fromS + frame / 25
    const gap = gaps.shown(mediaS, mediaS * 1000 + lateMs(frame))
    if (gap !== null) found.push(gap)
  }
  return found
}

test('an even run has no gap', () => {
  const gaps = new GapFinder()
  expect([...show(gaps, 0, () => 30), ...show(gaps, 2, () => 30)]).toEqual([])
})

test('pictures that a busy machine shows late are no gap', () => {
  expect(show(new GapFinder(), 0, (frame) => (frame % 12 ? 130 : 30))).toEqual([])
})

test('a halt is a gap, as long as it was', () => {
  const gaps = new GapFinder()
  show(gaps, 0, () => 0)
  expect(show(gaps, 2, () => 75)).toEqual([75])
})

test('a jump ahead is a gap below nought', () => {
  const gaps = new GapFinder()
  show(gaps, 0, () => 200)
  expect(show(gaps, 2, () => 0)).toEqual([-200])
})

test('after a pause the count begins anew', () => {
  const gaps = new GapFinder()
  show(gaps, 0, () => 0)
  gaps.reset()
  expect(show(gaps, 2, () => 900)).toEqual([])
})
