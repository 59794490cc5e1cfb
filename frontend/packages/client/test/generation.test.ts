import { expect, test } from 'vitest'
import { GenerationFilter } from '../src/generation'
import type { ServerMessage } from '../src/protocol'

const text = (generation_id?: number): ServerMessage => ({
  type: 'text_chunk',
  session_id: 's',
  seq: 1,
  chunk: 'a',
  ...(generation_id === undefined ? {} : { generation_id }),
})
const end = (generation_id: number): ServerMessage => ({
  type: 'turn_end',
  session_id: 's',
  seq: 1,
  generation_id,
  reason: 'interrupted',
  metrics: {},
})

test('older generations are dropped, newer ones take over', () => {
  const filter = new GenerationFilter()
  expect(filter.accepts(text(1))).toBe(true)
  expect(filter.accepts(text(3))).toBe(true)
  expect(filter.accepts(text(2))).toBe(false)
  expect(filter.current).toBe(3)
})

test('messages of no reply always pass', () => {
  const filter = new GenerationFilter()
  filter.accepts(text(5))
  expect(filter.accepts(text())).toBe(true)
})

test('after a cut the running reply is stale but may say that it ended', () => {
  const filter = new GenerationFilter()
  filter.accepts(text(4))
  filter.cut()
  expect(filter.accepts(text(4))).toBe(false)
  expect(filter.accepts(end(4))).toBe(true)
  expect(filter.accepts(text(5))).toBe(true)
})

test('cutting again and again costs the next reply nothing', () => {
  const filter = new GenerationFilter()
  filter.accepts(text(4))
  for (let press = 0; press < 5; press += 1) filter.cut()
  expect(filter.accepts(text(5))).toBe(true)
})
