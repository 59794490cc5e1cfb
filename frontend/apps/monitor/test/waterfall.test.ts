import { expect, test } from 'vitest'
import { ticks, waterfall } from '../src/lib/waterfall'
import { TURN } from './samples'

test('the whole reply lies between its first and its last moment', () => {
  const { rows, zero, first } = waterfall(TURN, 'whole')
  expect(rows.map((row) => row.stage)).toEqual(['vad', 'llm', 'tts', 'send'])
  expect(zero).toBeCloseTo(1800 / 3800)
  expect(first).toEqual({ at: 2200 / 3800, label: '400 ms' })
  const bars = rows.flatMap((row) => row.bars)
  expect(bars).toHaveLength(TURN.work.length)
  for (const bar of bars) expect(bar.left + bar.width).toBeLessThanOrEqual(1.0001)
  expect(bars[0]).toMatchObject({ left: 0, width: 1800 / 3800 })
})

test('the wait ends a little after the first picture, and cuts what goes beyond', () => {
  const { rows, zero, first } = waterfall(TURN, 'wait')
  expect(zero).toBeCloseTo(600 / 1200)
  expect(first!.at).toBeCloseTo(1000 / 1200)
  const [ear, , voice] = rows
  expect(ear!.bars[0]).toMatchObject({ left: 0, width: 0.5 })
  expect(voice!.bars).toHaveLength(2)
  expect(voice!.bars[1]!.left + voice!.bars[1]!.width).toBeCloseTo(1)
})

test('a stage is told by how soon something came of its first piece', () => {
  const { rows } = waterfall(TURN, 'whole')
  expect(rows.map((row) => row.summary)).toEqual(['1.80 s', '100 ms', '50 ms', '10 ms'])
})

test('a bar shows how much of its time the stage was at work', () => {
  const voice = waterfall(TURN, 'whole').rows[2]!
  expect(voice.bars.map((bar) => bar.busy)).toEqual([0.25, 1])
  expect(voice.bars[0]!.tip).toBe('Voice, sentence 1, 400 ms, 100 ms at work')
})

test('a reply of which nothing came is drawn whole', () => {
  const { first, zero } = waterfall({ ...TURN, marks_ms: {} }, 'wait')
  expect(first).toBeNull()
  expect(zero).toBeCloseTo(1800 / 3800)
})

test.each([
  [0, 600],
  [-600, 480],
  [0, 12_345],
  [-1800, 2000],
  [0, 1],
])('ticks from %d to %d are round, few, and zero is one of them', (from_ms, to_ms) => {
  const found = ticks(from_ms, to_ms)
  expect(found).toContain(0)
  expect(found.length).toBeGreaterThanOrEqual(3)
  expect(found.length).toBeLessThanOrEqual(9)
  expect(Math.min(...found)).toBeGreaterThanOrEqual(from_ms)
  expect(Math.max(...found)).toBeLessThanOrEqual(to_ms)
})
