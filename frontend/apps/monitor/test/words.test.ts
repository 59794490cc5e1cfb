import { expect, test } from 'vitest'
import { age, counted, durationText, firstOf } from '../src/lib/words'

test.each([
  [null, '–'],
  [0.4, '<1 ms'],
  [312.4, '312 ms'],
  [994, '994 ms'],
  [996, '1.00 s'],
  [1240, '1.24 s'],
  [12_340, '12.3 s'],
  [123_400, '123 s'],
  [-250, '−250 ms'],
])('%s ms is %s', (ms, words) => {
  expect(durationText(ms)).toBe(words)
})

test.each([
  [42.7, '42 s'],
  [7 * 60, '7 min'],
  [3 * 3600 + 5 * 60, '3 h 05 min'],
  [52 * 3600, '2 d 4 h'],
])('%d s are %s', (seconds, words) => {
  expect(age(seconds)).toBe(words)
})

test('one is not many', () => {
  expect([counted(0, 'error'), counted(1, 'error'), counted(2, 'reply', 'replies')]).toEqual([
    '0 errors', '1 error', '2 replies',
  ])
})

test('a reply begins with what its client takes', () => {
  expect(firstOf({ first_token: 1, first_audio: 2, first_chunk: 3 })).toBe(3)
  expect(firstOf({ first_token: 1, first_audio: 2 })).toBe(2)
  expect(firstOf({})).toBeNull()
})
