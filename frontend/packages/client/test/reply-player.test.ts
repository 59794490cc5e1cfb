import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Playback } from '../src/protocol'
import { ReplyPlayer } from '../src/reply-player'
import { buffer, FakeMediaSource, installMediaSource, piece } from './fake-media-source'
import { audioMeta, FakeVideo, media, settle, videoMeta } from './fakes'

let idle: FakeVideo
let stream: FakeVideo
let chunks: [FakeVideo, FakeVideo]
let player: ReplyPlayer
let reports: string[]
let subtitles: (string | null)[]

beforeEach(() => {
  vi.useFakeTimers()
  installMediaSource()
  idle = new FakeVideo()
  stream = new FakeVideo()
  buffer(stream, 0)
  // Pictures are told by the clock here, as in a browser that knows no better.
  Object.assign(stream.element, { requestVideoFrameCallback: undefined })
  Object.defineProperty(stream.element, 'readyState', { value: 4 })
  chunks = [new FakeVideo(), new FakeVideo()]
  player = new ReplyPlayer({
    loops: { idle: idle.element },
    stream: stream.element,
    chunks: [chunks[0].element, chunks[1].element],
  })
  FakeMediaSource.last.open()
  reports = []
  subtitles = []
  player.on('playback', (one: Playback) => reports.push(`${one.chunk_seq} ${one.event} ${one.position_ms}`))
  player.on('chunk', (meta) => subtitles.push(meta?.text ?? null))
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** One second of the stream arrives and is taken in. */
async function arrive(chunk_seq: number, generation_id = 1, startMs = chunk_seq * 1000): Promise<void> {
  const meta = videoMeta({ chunk_seq, generation_id, container: 'fmp4', start_ms: startMs, text: `${chunk_seq}` })
  player.push({ meta, data: piece(16, startMs === 0) })
  buffer(stream, (startMs + 1000) / 1000)
  FakeMediaSource.last.buffer.finish()
  await settle()
}

/** The element has come to a second of the media and shows it. */
async function show(seconds: number): Promise<void> {
  stream.element.currentTime = seconds
  stream.element.dispatchEvent(new Event('timeupdate'))
  await settle()
}

async function stall(seconds: number): Promise<void> {
  stream.element.currentTime = seconds
  stream.element.dispatchEvent(new Event('waiting'))
  await settle()
}

test('it asks for a stream where the browser plays one', () => {
  expect(player.format).toEqual({ container: 'fmp4', chunking: 'progressive' })
})

test('a stream is one element from the first picture to the last', async () => {
  await arrive(0)
  expect(stream.isVisible).toBe(true)
  await show(0)
  await arrive(1)
  await show(1)
  await stall(1.95)
  expect(player.state).toBe('playing')
  player.conclude()
  await settle()
  expect(stream.isVisible).toBe(false)
  expect(player.state).toBe('idle')
  expect(reports).toEqual(['0 started 0', '0 ended 1000', '1 started 0', '1 ended 1000'])
  expect(subtitles).toEqual(['0', '1', null])
  expect(FakeMediaSource.last.buffer.done.at(-1)).toBe('end')
})

test('after a reply the next reel lies ready', async () => {
  await arrive(0)
  await show(0)
  player.conclude()
  await stall(1)
  expect(FakeMediaSource.all).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(400)
  expect(FakeMediaSource.all).toHaveLength(2)
})

test('a piece that comes too late is an underrun, and waits for a wider cushion', async () => {
  await arrive(0)
  await show(0)
  await stall(0.95)
  expect(stream.isVisible).toBe(true)
  buffer(stream, 1.1)
  player.push({ meta: videoMeta({ chunk_seq: 1, container: 'fmp4', start_ms: 1000 }), data: piece(16) })
  FakeMediaSource.last.buffer.finish()
  const plays = stream.plays
  await settle()
  expect(stream.plays).toBe(plays)
  buffer(stream, 2)
  FakeMediaSource.last.buffer.finish()
  await settle()
  expect(stream.plays).toBe(plays + 1)
  expect(reports).toContain('1 underrun 0')
})

test('when nothing comes for long the idle face is back, and the stream goes on later', async () => {
  await arrive(0)
  await show(0)
  await stall(0.95)
  await vi.advanceTimersByTimeAsync(600)
  expect(stream.isVisible).toBe(false)
  expect(player.state).toBe('idle')
  await arrive(1)
  expect(stream.isVisible).toBe(true)
  await show(1)
  expect(reports.at(-1)).toBe('1 started 0')
})

test('a pause is silence at once over the idle face; resuming goes on there', async () => {
  const pause = vi.spyOn(stream.element, 'pause')
  await arrive(0)
  await show(0.4)
  player.pause()
  expect(pause).toHaveBeenCalled()
  expect(player.state).toBe('paused')
  await settle()
  expect(stream.isVisible).toBe(false)
  player.resume()
  await settle()
  expect(stream.isVisible).toBe(true)
  expect(player.state).toBe('playing')
  expect(reports.slice(1)).toEqual(['0 paused 400', '0 resumed 400'])
})

test('what arrives during a pause does not sound', async () => {
  await arrive(0)
  await show(0.4)
  player.pause()
  const plays = stream.plays
  await arrive(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(stream.plays).toBe(plays)
})

test('an interruption tells how far it was heard, and drops the rest of the reply', async () => {
  await arrive(0)
  await show(0.4)
  player.interrupt()
  expect(reports.at(-1)).toBe('0 stopped 400')
  expect(player.state).toBe('idle')
  await arrive(1)
  expect(stream.isVisible).toBe(false)
  await vi.advanceTimersByTimeAsync(400)
  expect(FakeMediaSource.all).toHaveLength(2)
  FakeMediaSource.last.open()
  await arrive(0, 2)
  expect(stream.isVisible).toBe(true)
})

test('a sentence that is sound only is played in its place, with the idle face in sight', async () => {
  await arrive(0)
  await show(0)
  player.push(media(audioMeta({ chunk_seq: 1, text: 'sound' })))
  await arrive(2, 1, 1000)
  expect(chunks[0].plays).toBe(0)
  await stall(0.95)
  expect(chunks[0].plays).toBe(1)
  expect(stream.isVisible).toBe(false)
  const plays = stream.plays
  chunks[0].end()
  FakeMediaSource.last.buffer.finish()
  await settle()
  expect(stream.plays).toBe(plays + 1)
  expect(stream.isVisible).toBe(true)
  await show(1)
  expect(reports.map((one) => one.split(' ').slice(0, 2).join(' '))).toEqual([
    '0 started', '0 ended', '1 started', '1 ended', '2 started',
  ])
})

test('refused sound waits for a click', async () => {
  stream.refusal = new DOMException('no gesture', 'NotAllowedError')
  await arrive(0)
  expect(player.state).toBe('blocked')
  stream.refusal = null
  player.unlock()
  await settle()
  expect(player.state).toBe('playing')
})

test('a stream that cannot be decoded is given up, and the server is told', async () => {
  const broken: number[] = []
  player.on('broken', (meta) => broken.push(meta.chunk_seq))
  await arrive(0)
  stream.fail()
  await settle()
  expect(broken).toEqual([0])
  expect(reports.at(-1)).toBe('0 ended 1000')
  expect(player.state).toBe('idle')
  expect(player.format).toEqual({ container: 'mp4', chunking: 'sentence' })
})
