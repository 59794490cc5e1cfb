import { expect, test } from 'vitest'
import { latencyChart, REPLY_CURVES } from '../src/lib/charts'
import { newest, total, values } from '../src/lib/history'
import { area, begun, highest, line } from '../src/lib/spark'
import type { History } from '../src/lib/types'

const HISTORY: History = {
  source: 'service',
  trouble: null,
  at: [60, 120, 180, 240],
  series: [
    { name: 'errors', unit: 'count', values: [null, 1, 0.9, 2.2] },
    { name: 'people', unit: 'count', values: [null, 3, 2, null] },
    { name: 'turn.first_chunk.p50', unit: 's', values: [null, null, 0.3123, 0.4] },
  ],
  alerts: null,
}

test('series by name', () => {
  expect(total(HISTORY, 'errors')).toBe(4)
  expect(newest(HISTORY, 'people')).toBe(2)
  expect([values(HISTORY, 'nothing'), total(null, 'errors'), newest(null, 'people')]).toEqual([[], 0, null])
})

test('curves are in milliseconds and begin where there is anything', () => {
  const option = latencyChart(HISTORY, [REPLY_CURVES[2]!], 'p50', 12)
  const [curve] = option.series as { name: string; data: unknown[] }[]
  expect(curve).toMatchObject({ name: 'First picture', data: [[180_000, 312.3], [240_000, 400]] })
})

test('a small chart leaves out what was before the first value, and draws over holes', () => {
  const shown = begun([null, null, 4, null, 2])
  expect(shown).toEqual([4, null, 2])
  expect(line(shown)).toBe('M0.00 1.00L100.00 15.00')
  expect(area(shown)).toBe('M0.00 1.00L100.00 15.00L100.00 30L0.00 30Z')
})

test('without values there is nothing to draw', () => {
  expect([line([]), area([null]), highest([]), highest([0])]).toEqual(['', '', 1, 1])
})

test('the first point stands at the end of ten minutes', () => {
  const at = [1_000, 1_060, 1_120]
  const first = { ...HISTORY, at, series: [{ name: 'turn.first_chunk.p50', unit: 's', values: [null, null, 0.1] }] }
  const { xAxis } = latencyChart(first, [REPLY_CURVES[2]!], 'p50', 12)
  expect(xAxis).toMatchObject({ min: (1_120 - 600) * 1000, max: 1_120_000 })
})
