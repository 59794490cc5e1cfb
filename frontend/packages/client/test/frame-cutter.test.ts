import { expect, test } from 'vitest'
import { FrameCutter, meterLevel } from '../src/frame-cutter'

test('frames have one length and no sample is lost or doubled', () => {
  const cutter = new FrameCutter(5)
  const frames = [
    ...cutter.push(Float32Array.of(0, 1, 2)),
    ...cutter.push(Float32Array.of(3, 4, 5, 6, 7, 8, 9, 10)),
    ...cutter.push(Float32Array.of(11)),
  ]
  expect(frames.map((frame) => [...frame])).toEqual([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])
})

test('the meter runs from silence to full scale', () => {
  expect(meterLevel(new Float32Array(512))).toBe(0)
  expect(meterLevel(new Float32Array(512).fill(1))).toBe(1)
  expect(meterLevel(new Float32Array(512).fill(0.1))).toBeCloseTo(2 / 3, 5)
})
