import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadAnewWhenOutdated } from '../src/lib/outdated'

let reload: ReturnType<typeof vi.fn>
let isThere: boolean
/** A part of the page is not there. */
let missed: () => void

beforeEach(() => {
  vi.useFakeTimers()
  sessionStorage.clear()
  isThere = true
  reload = vi.fn()
  vi.stubGlobal('location', { href: 'http://host/', reload })
  vi.stubGlobal('fetch', () => (isThere ? Promise.resolve({ ok: true }) : Promise.reject(new TypeError('away'))))
  vi.stubGlobal('addEventListener', (event: string, heard: () => void) => event === 'vite:preloadError' && (missed = heard))
  loadAnewWhenOutdated()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('a page whose parts are gone is loaded anew, once', async () => {
  missed()
  missed()
  await pass(0)
  expect(reload).toHaveBeenCalledOnce()
  loadAnewWhenOutdated()
  missed()
  await pass(10_000)
  expect(reload).toHaveBeenCalledOnce()
})

test('but not before the service is there', async () => {
  isThere = false
  missed()
  await pass(10_000)
  expect(reload).not.toHaveBeenCalled()
  isThere = true
  await pass(2_000)
  expect(reload).toHaveBeenCalledOnce()
})

test('and not where nobody could tell that it was', async () => {
  vi.stubGlobal('sessionStorage', null)
  missed()
  await pass(10_000)
  expect(reload).not.toHaveBeenCalled()
})
