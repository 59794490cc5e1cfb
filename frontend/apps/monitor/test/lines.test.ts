import { expect, test } from 'vitest'
import { MOST_LINES, told, withMore } from '../src/lib/lines'

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, index) => ({ number: from + index }))

test('what comes is added once, and only so much is kept', () => {
  const known = withMore(numbered(1, 5), numbered(4, 4))
  expect(known.map((line) => line.number)).toEqual([1, 2, 3, 4, 5, 6, 7])
  const many = withMore(known, numbered(8, 2 * MOST_LINES))
  expect(many).toHaveLength(MOST_LINES)
  expect(many.at(-1)?.number).toBe(7 + 2 * MOST_LINES)
})

test('a line is told by its event, its session and its facts', () => {
  const line = {
    number: 7, timestamp: '2026-01-01T10:00:00Z', level: 'warning', event: 'session.error', component: 'session',
    session_id: 'abc', code: 'bad_message', generation_id: 3, empty: '', none: null,
  }
  const { time, ...rest } = told(line)
  expect(time).toMatch(/^\d\d:\d\d:\d\d$/)
  expect(rest).toEqual({
    number: 7, level: 'warning', event: 'session.error', session: 'abc', facts: 'code bad_message · generation 3',
  })
})

test.each([['critical', 'error'], ['error', 'error'], ['info', 'calm'], [undefined, 'calm']])('%s is %s', (level, kind) => {
  expect(told({ number: 1, level }).level).toBe(kind)
})
