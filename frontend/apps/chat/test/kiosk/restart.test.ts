import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useRestart } from '../../src/kiosk/useRestart'

const PICTURE = 'data:image/png;base64,'
let reload: ReturnType<typeof vi.fn>
let decoded: () => void

vi.mock('../../src/kiosk/cover', () => ({
  leaveCover: () => new Promise((resolve) => (decoded = () => resolve(PICTURE))),
}))

/** A page whose picture is decoded when the test says so. */
beforeEach(() => {
  vi.useFakeTimers()
  reload = vi.fn()
  vi.stubGlobal('location', { href: 'http://host/?kiosk=1', reload })
  vi.stubGlobal('fetch', () => Promise.resolve({ ok: true }))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

async function later(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1_000)
}

test('the page goes behind its picture', async () => {
  const { cover, restart } = useRestart(null)
  const gone = restart('poster.jpg')
  await vi.advanceTimersByTimeAsync(0)
  decoded()
  expect([await gone, cover.value, reload.mock.calls.length]).toEqual([true, PICTURE, 0])
  await later()
  expect(reload).toHaveBeenCalledOnce()
})

test('whoever comes while it goes keeps it there', async () => {
  const { cover, restart, stay } = useRestart(null)
  const gone = restart('poster.jpg')
  await vi.advanceTimersByTimeAsync(0)
  decoded()
  await gone
  stay()
  await later()
  expect([cover.value, reload.mock.calls.length]).toEqual([null, 0])
})

test('or while its picture is still to come', async () => {
  const { cover, restart, stay } = useRestart(null)
  const gone = restart('poster.jpg')
  await vi.advanceTimersByTimeAsync(0)
  stay()
  decoded()
  expect(await gone).toBe(false)
  await later()
  expect([cover.value, reload.mock.calls.length]).toEqual([null, 0])
})

test('a page that was kept can go another night', async () => {
  const { restart, stay } = useRestart(null)
  stay()
  expect(await restart(null)).toBe(true)
  await later()
  expect(reload).toHaveBeenCalledOnce()
})
