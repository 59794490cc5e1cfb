import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Backoff } from '../src/backoff'
import { Connection, type ConnectionEvents } from '../src/connection'
import { FakeSocket, videoMeta } from './fakes'

let connection: Connection
let seen: [keyof ConnectionEvents, unknown][]
let isNew: boolean

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  seen = []
  isNew = true
  connection = new Connection({
    url: () => 'ws://host/ws/new',
    hello: () => ({ type: 'hello', protocol: 1 }),
    isNew: () => isNew,
    backoff: new Backoff({ firstMs: 100, maxMs: 1000, factor: 2, jitter: 0 }),
    createSocket: FakeSocket.create,
  })
  for (const name of ['closed', 'message', 'media', 'defect'] as const) {
    connection.on(name, (payload) => seen.push([name, payload]))
  }
  connection.open()
})

afterEach(() => {
  connection.close()
  vi.useRealTimers()
})

const names = () => seen.map(([name]) => name)

test('the first word is hello', () => {
  FakeSocket.last.accept()
  expect(FakeSocket.last.sent).toEqual([{ type: 'hello', protocol: 1 }])
})

test('a meta and its media come out as one', () => {
  FakeSocket.last.accept()
  FakeSocket.last.text(videoMeta())
  FakeSocket.last.raw(new ArrayBuffer(4))
  expect(names()).toEqual(['media'])
})

test('media of an older reply are dropped', () => {
  FakeSocket.last.accept()
  FakeSocket.last.text({ type: 'text_chunk', chunk: 'a', generation_id: 2 })
  FakeSocket.last.text(videoMeta({ generation_id: 1 }))
  FakeSocket.last.raw(new ArrayBuffer(4))
  expect(names()).toEqual(['message'])
})

test('broken text is reported and the line stays up', () => {
  FakeSocket.last.accept()
  for (const text of ['{', '1', '{"kind":"x"}']) FakeSocket.last.raw(text)
  expect(names()).toEqual(['defect', 'defect', 'defect'])
  expect(connection.isOpen).toBe(true)
})

test('a lost line comes back, later each time, and at once after a greeting', () => {
  FakeSocket.last.drop()
  expect(seen.at(-1)).toEqual(['closed', { code: 1006, retryInMs: 100, attempt: 1 }])
  vi.advanceTimersByTime(99)
  expect(FakeSocket.all).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(FakeSocket.all).toHaveLength(2)
  FakeSocket.last.drop()
  expect(seen.at(-1)).toEqual(['closed', { code: 1006, retryInMs: 200, attempt: 2 }])
  vi.advanceTimersByTime(200)
  FakeSocket.last.accept()
  FakeSocket.last.text({ type: 'session_ready' })
  FakeSocket.last.drop()
  expect(seen.at(-1)).toEqual(['closed', { code: 1006, retryInMs: 100, attempt: 1 }])
})

test.each([1008, 4001])('a line closed with %i is not asked again until somebody says so', (code) => {
  FakeSocket.last.accept()
  FakeSocket.last.drop(code)
  expect(seen.at(-1)).toEqual(['closed', { code, retryInMs: null, attempt: 0 }])
  vi.advanceTimersByTime(60_000)
  expect(FakeSocket.all).toHaveLength(1)
  connection.retry()
  expect(FakeSocket.all).toHaveLength(2)
})

/** What a backend without a free place does. */
function turnAway(): void {
  FakeSocket.last.accept()
  FakeSocket.last.text({ type: 'error', code: 'session_limit_reached', message: 'Full.', recoverable: false })
  FakeSocket.last.drop(1013)
}

test('a newcomer for whom one backend has no place is not told of it before others were asked', () => {
  turnAway()
  vi.advanceTimersByTime(100)
  turnAway()
  vi.advanceTimersByTime(150)
  expect(FakeSocket.all).toHaveLength(3)
  FakeSocket.last.accept()
  FakeSocket.last.text({ type: 'session_ready' })
  expect(seen).toEqual([['message', expect.objectContaining({ type: 'session_ready' })]])
})

test('a house that is full is asked again when somebody says so', () => {
  for (let attempts = 1; attempts <= 6; attempts++) {
    expect(FakeSocket.all).toHaveLength(attempts)
    expect(names()).not.toContain('message')
    turnAway()
    vi.advanceTimersByTime(400)
  }
  expect(seen.slice(-2)).toEqual([
    ['message', expect.objectContaining({ code: 'session_limit_reached' })],
    ['closed', { code: 1013, retryInMs: null, attempt: 0 }],
  ])
  vi.advanceTimersByTime(60_000)
  expect(FakeSocket.all).toHaveLength(6)
  connection.retry()
  turnAway()
  vi.advanceTimersByTime(400)
  expect(FakeSocket.all).toHaveLength(8)
})

test('a conversation for which there is no place just now waits for one', () => {
  isNew = false
  turnAway()
  expect(seen.slice(-2)).toEqual([
    ['message', expect.objectContaining({ code: 'session_limit_reached' })],
    ['closed', { code: 1013, retryInMs: 100, attempt: 1 }],
  ])
  vi.advanceTimersByTime(100)
  turnAway()
  expect(seen.at(-1)).toEqual(['closed', { code: 1013, retryInMs: 200, attempt: 2 }])
})

test('after an error that ends the session nobody comes back unasked', () => {
  FakeSocket.last.accept()
  FakeSocket.last.text({ type: 'error', code: 'session_expired', message: 'Too long.', recoverable: false })
  FakeSocket.last.drop(1001)
  expect(seen.at(-1)).toEqual(['closed', { code: 1001, retryInMs: null, attempt: 0 }])
  connection.retry()
  FakeSocket.last.drop(1001)
  expect(seen.at(-1)).toEqual(['closed', { code: 1001, retryInMs: 100, attempt: 1 }])
})

test('a silent line is given up and replaced', () => {
  FakeSocket.last.accept()
  vi.advanceTimersByTime(15_000)
  expect(FakeSocket.last.types()).toEqual(['hello', 'ping'])
  vi.advanceTimersByTime(10_000)
  expect(names()).toContain('closed')
  vi.advanceTimersByTime(100)
  expect(FakeSocket.all).toHaveLength(2)
})

test('an answered ping keeps the line, and the next one follows', () => {
  FakeSocket.last.accept()
  vi.advanceTimersByTime(15_000)
  const ping = FakeSocket.last.sent.at(-1) as { t: number }
  vi.advanceTimersByTime(40)
  FakeSocket.last.text({ type: 'pong', t: ping.t })
  vi.advanceTimersByTime(15_000)
  expect(FakeSocket.last.types()).toEqual(['hello', 'ping', 'ping'])
  expect(seen).toEqual([])
})

test('nothing is sent, and nothing is kept, while the line is down', () => {
  expect(connection.send({ type: 'interrupt' })).toBe(false)
  FakeSocket.last.accept()
  expect(FakeSocket.last.types()).toEqual(['hello'])
})

test('closing stays closed', () => {
  FakeSocket.last.accept()
  connection.close()
  vi.advanceTimersByTime(60_000)
  expect(FakeSocket.all).toHaveLength(1)
})

/** A connection that may fall back to plain requests; those that it made. */
function openWithFallback(): { line: Connection; fallbacks: FakeSocket[] } {
  const fallbacks: FakeSocket[] = []
  const line = new Connection({
    url: () => 'ws://host/ws/new',
    hello: () => ({ type: 'hello' }),
    isNew: () => true,
    createSocket: FakeSocket.create,
    createFallback: () => {
      fallbacks.push(new FakeSocket('channel'))
      return FakeSocket.last
    },
  })
  line.open()
  return { line, fallbacks }
}

test('where no socket opens, plain requests are the line', async () => {
  const { fallbacks } = openWithFallback()
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(fallbacks).toHaveLength(1)
  fallbacks[0]!.accept()
  expect(fallbacks[0]!.types()).toEqual(['hello'])
})

test('a socket that hangs gives way to plain requests after four seconds', async () => {
  const { fallbacks } = openWithFallback()
  await vi.advanceTimersByTimeAsync(3_900)
  expect(fallbacks).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(200)
  expect(fallbacks).toHaveLength(1)
})

test('plain requests that hang give way to a socket again', async () => {
  const { fallbacks } = openWithFallback()
  await vi.advanceTimersByTimeAsync(4_000)
  expect(fallbacks).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(11_000)
  expect([fallbacks[0]!.readyState, FakeSocket.last.url]).toEqual([3, 'ws://host/ws/new'])
})

test('after a goodbye over plain requests a socket is tried again', async () => {
  const { line, fallbacks } = openWithFallback()
  await vi.advanceTimersByTimeAsync(4_000)
  fallbacks[0]!.accept()
  line.leave({ type: 'goodbye' })
  fallbacks[0]!.drop(1000)
  expect(FakeSocket.last.url).toBe('ws://host/ws/new')
})
