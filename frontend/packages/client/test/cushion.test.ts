import { expect, test } from 'vitest'
import { Cushion } from '../src/cushion'

const cushion = () => new Cushion({ startS: 0.2, maxS: 2, halfLifeS: 30 })

test('a reply begins as soon as a thin cushion lies ready', () => {
  expect(cushion().isEnough(0.19, 0, false)).toBe(false)
  expect(cushion().isEnough(0.2, 0, false)).toBe(true)
})

test('the last piece plays however short it is', () => {
  expect(cushion().isEnough(0.04, 0, true)).toBe(true)
  expect(cushion().isEnough(0, 0, true)).toBe(false)
})

test('a wait as long as the cushion is long enough, if there is anything', () => {
  expect(cushion().isEnough(0.04, 0.2, false)).toBe(true)
  expect(cushion().isEnough(0, 9, false)).toBe(false)
})

test('each time it runs dry the cushion doubles, up to its bound', () => {
  const one = cushion()
  const needed = [1, 2, 3, 4, 5].map(() => (one.ranDry(), one.neededS))
  expect(needed).toEqual([0.4, 0.8, 1.6, 2, 2])
})

test('undisturbed playing earns the thin cushion back, slowly', () => {
  const one = cushion()
  one.ranDry()
  one.ranDry()
  one.played(30)
  expect(one.neededS).toBeCloseTo(0.5)
  one.played(300)
  expect(one.neededS).toBeCloseTo(0.2, 2)
})
