import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepDoing, type Pace } from '../src/lib/pace'

let pace: Pace | undefined

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  pace?.stop()
  hide(false)
  vi.useRealTimers()
})

function hide(hidden: boolean): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden)
  document.dispatchEvent(new Event('visibilitychange'))
}

test('it is done at once and then again and again', async () => {
  const job = vi.fn(() => Promise.resolve())
  pace = keepDoing(job, 1000)
  await vi.advanceTimersByTimeAsync(3500)
  expect(job).toHaveBeenCalledTimes(4)
})

test('never twice at once, however long it takes', async () => {
  const job = vi.fn(() => new Promise<void>((done) => setTimeout(done, 5000)))
  pace = keepDoing(job, 1000)
  await vi.advanceTimersByTimeAsync(100)
  pace.hurry()
  await vi.advanceTimersByTimeAsync(4800)
  expect(job).toHaveBeenCalledTimes(1)
})

test('a tab that nobody sees rests, and is up to date when it is seen again', async () => {
  const job = vi.fn(() => Promise.resolve())
  pace = keepDoing(job, 1000)
  await vi.advanceTimersByTimeAsync(10)
  hide(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(job).toHaveBeenCalledTimes(1)
  hide(false)
  await vi.advanceTimersByTimeAsync(10)
  expect(job).toHaveBeenCalledTimes(2)
})

test('what fails is tried again, more slowly, and at its pace once it works', async () => {
  vi.spyOn(console, 'info').mockReturnValue()
  let works = false
  const job = vi.fn(() => (works ? Promise.resolve() : Promise.reject(new Error('down'))))
  pace = keepDoing(job, 1000)
  await vi.advanceTimersByTimeAsync(7500) // at 0, 2, 6 s
  expect(job).toHaveBeenCalledTimes(3)
  works = true
  await vi.advanceTimersByTimeAsync(8000) // at 14, 15 s
  expect(job).toHaveBeenCalledTimes(5)
})

test('who is in a hurry while it is being done has it done once more', async () => {
  const job = vi.fn(() => new Promise<void>((done) => setTimeout(done, 100)))
  pace = keepDoing(job, 60_000)
  await vi.advanceTimersByTimeAsync(50)
  pace.hurry()
  await vi.advanceTimersByTimeAsync(100)
  expect(job).toHaveBeenCalledTimes(2)
})

test('stopped in the middle is stopped', async () => {
  const job = vi.fn(() => new Promise<void>((done) => setTimeout(done, 100)))
  pace = keepDoing(job, 1000)
  await vi.advanceTimersByTimeAsync(50)
  pace.stop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(job).toHaveBeenCalledTimes(1)
})
