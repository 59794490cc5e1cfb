import { expect, test } from 'vitest'
import { Cushion, Filling } from '../src/cushion'

const cushion = () => new Cushion({ startS: 0.2, maxS: 2, halfLifeS: 30 })
const filling = new Filling(0.2, 10)

test('a reply plays as soon as what it needs lies ready', () => {
  expect(filling.isEnough(0.1, 10, false)).toBe(false)
  expect(filling.isEnough(0.2, 10, false)).toBe(true)
})

test('the last piece plays however short it is', () => {
  expect(filling.isEnough(0.04, 10, true)).toBe(true)
  expect(filling.isEnough(0, 10, true)).toBe(false)
})

test('a wait as long as the cushion is long enough, if there is anything', () => {
  expect(filling.isEnough(0.04, 10.25, false)).toBe(true)
  expect(filling.isEnough(0, 19, false)).toBe(false)
})

test('each time it runs dry the cushion to go on doubles, up to its bound', () => {
  const one = cushion()
  const needed = [1, 2, 3, 4, 5].map(() => (one.ranDry(), one.toGoOnS))
  expect(needed).toEqual([0.4, 0.8, 1.6, 2, 2])
})

test('the next reply begins as soon as ever', () => {
  const one = cushion()
  one.ranDry()
  expect(one.toStartS).toBe(0.2)
})

test('undisturbed playing earns the thin cushion back, slowly', () => {
  const one = cushion()
  one.ranDry()
  one.ranDry()
  one.played(30)
  expect(one.toGoOnS).toBeCloseTo(0.5)
  one.played(300)
  expect(one.toGoOnS).toBeCloseTo(0.2, 2)
})
