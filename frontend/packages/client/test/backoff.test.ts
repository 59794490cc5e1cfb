import { expect, test } from 'vitest'
import { Backoff } from '../src/backoff'

const options = { firstMs: 100, maxMs: 1000, factor: 2, jitter: 0.5 }

test('waits double up to a bound', () => {
  const backoff = new Backoff(options, () => 0)
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.nextMs())).toEqual([100, 200, 400, 800, 1000, 1000])
})

test('jitter only shortens, and by no more than its part', () => {
  const backoff = new Backoff(options, () => 0.999)
  expect(backoff.nextMs()).toBe(50)
})

test('success starts over', () => {
  const backoff = new Backoff(options, () => 0)
  backoff.nextMs()
  backoff.nextMs()
  backoff.reset()
  expect(backoff.attempts).toBe(0)
  expect(backoff.nextMs()).toBe(100)
})
