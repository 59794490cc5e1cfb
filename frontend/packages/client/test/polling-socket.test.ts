import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PollingSocket } from '../src/polling-socket'
import { settle } from './fakes'

interface Asked {
  method: string
  url: string
  type: string | null
  body: unknown
  answer: (response: Response) => void
  fail: () => void
}

/** The server's end: requests wait here until the test answers them. */
class FakeServer {
  readonly asked: Asked[] = []

  fetch = ((url: string, init: RequestInit = {}) =>
    new Promise<Response>((answer, reject) => {
      const { method = 'GET', headers, body } = init
      const type = new Headers(headers).get('Content-Type')
      const fail = (): void => reject(new TypeError('network'))
      this.asked.push({ method, url, type, body, answer, fail })
    })) as typeof fetch

  get last(): Asked {
    return this.asked.at(-1)!
  }

  of(method: string): Asked[] {
    return this.asked.filter((one) => one.method === method)
  }
}

const EMPTY = new Response(null, { status: 204 })
let server: FakeServer
let socket: PollingSocket
let events: unknown[]

beforeEach(async () => {
  vi.useFakeTimers()
  server = new FakeServer()
  socket = new PollingSocket({ endpoint: '/api/channel', sessionId: 'new', fetch: server.fetch })
  events = []
  socket.onopen = () => events.push('open')
  socket.onmessage = ({ data }) => events.push(data)
  socket.onclose = ({ code }) => events.push(code)
  server.last.answer(Response.json({ channel: 'secret', session_id: 's' }, { status: 201 }))
  await settle()
})

afterEach(() => vi.useRealTimers())

function frame(kind: number, number: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, kind)
  view.setUint32(1, number)
  view.setUint32(5, payload.length)
  bytes.set(payload, 9)
  return bytes
}
const text = (number: number, words: string) => frame(0, number, new TextEncoder().encode(words))

async function answer(...frames: Uint8Array<ArrayBufferLike>[]): Promise<void> {
  const polls = server.of('GET')
  polls.at(-1)!.answer(new Response(new Blob(frames as BlobPart[])))
  await vi.advanceTimersByTimeAsync(0)
  await settle()
}

test('it opens a channel and then asks for news', () => {
  expect(server.asked[0]).toMatchObject({ method: 'POST', url: '/api/channel', body: '{"session_id":"new"}' })
  expect(events).toEqual(['open'])
  expect(server.last).toMatchObject({ method: 'GET', url: '/api/channel/secret?after=0&wait_s=20' })
})

test('messages and media come out in order, and are acknowledged with the next poll', async () => {
  await answer(text(1, '{"type":"pong"}'), frame(1, 2, new Uint8Array([7, 8])))
  expect(events[1]).toBe('{"type":"pong"}')
  expect([...new Uint8Array(events[2] as ArrayBuffer)]).toEqual([7, 8])
  expect(server.last.url).toContain('after=2')
})

test('an answer that was lost is asked for again, and nothing is told twice', async () => {
  await answer(text(1, 'one'))
  server.last.fail()
  await vi.advanceTimersByTimeAsync(500)
  expect(server.last.url).toContain('after=1')
  await answer(text(1, 'one'), text(2, 'two'))
  expect(events).toEqual(['open', 'one', 'two'])
})

test('a line that stays dead is down', async () => {
  for (const wait of [500, 1000, 0]) {
    server.last.fail()
    await vi.advanceTimersByTimeAsync(wait)
  }
  expect(events.at(-1)).toBe(1006)
  expect(socket.readyState).toBe(3)
})

test('a channel that is gone is down at once', async () => {
  server.last.answer(new Response(null, { status: 404 }))
  await settle()
  expect(events.at(-1)).toBe(1006)
})

test('the close frame is the last', async () => {
  await answer(frame(2, 1, new Uint8Array([0x03, 0xf5])), text(2, 'never'))
  expect(events).toEqual(['open', 1013])
  expect(server.of('GET')).toHaveLength(1)
})

test('what is said meanwhile goes together, in order', async () => {
  socket.send('{"type":"hello"}')
  socket.send('{"type":"start_listen"}')
  socket.send(new Int16Array([1, 2]))
  socket.send(new Int16Array([3]))
  socket.send('{"type":"stop_listen"}')
  const sent = () => server.of('POST').slice(1)
  expect(sent().map((one) => one.body)).toEqual(['[{"type":"hello"}]'])
  sent()[0]!.answer(EMPTY)
  await settle()
  sent()[1]!.answer(EMPTY)
  await settle()
  sent()[2]!.answer(EMPTY)
  await settle()
  expect(sent()[1]!.body).toBe('[{"type":"start_listen"}]')
  expect(sent()[2]!.type).toBe('application/octet-stream')
  expect([...new Int16Array(sent()[2]!.body as ArrayBuffer)]).toEqual([1, 2, 3])
  expect(sent()[3]!.body).toBe('[{"type":"stop_listen"}]')
})

test('no piece of sound is longer than a second', async () => {
  socket.send('{}')
  for (let i = 0; i < 40; i += 1) socket.send(new Int16Array(512))
  const sent = () => server.of('POST').slice(1)
  sent()[0]!.answer(EMPTY)
  await settle()
  sent()[1]!.answer(EMPTY)
  await settle()
  expect(sent().slice(1).map((one) => (one.body as ArrayBuffer).byteLength)).toEqual([31 * 1024, 9 * 1024])
})

test('leaving tells the server', () => {
  socket.close()
  expect(server.last).toMatchObject({ method: 'DELETE', url: '/api/channel/secret' })
  expect(events).toEqual(['open'])
})
