import { expect, test } from 'vitest'
import { Cushion, isEnough } from '../src/cushion'

const cushion = () => new Cushion({ startS: 0.2, maxS: 2, halfLifeS: 30 })
const waiting = { neededS: 0.2, aheadS: 0.1, waitedS: 0, isComplete: false }

test('a reply plays as soon as what it needs lies ready', () => {
  expect(isEnough(waiting)).toBe(false)
  expect(isEnough({ ...waiting, aheadS: 0.2 })).toBe(true)
})

test('the last piece plays however short it is', () => {
  expect(isEnough({ ...waiting, aheadS: 0.04, isComplete: true })).toBe(true)
  expect(isEnough({ ...waiting, aheadS: 0, isComplete: true })).toBe(false)
})

test('a wait as long as the cushion is long enough, if there is anything', () => {
  expect(isEnough({ ...waiting, waitedS: 0.2 })).toBe(true)
  expect(isEnough({ ...waiting, aheadS: 0, waitedS: 9 })).toBe(false)
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
