import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChunkPlayer } from '../src/chunk-player'
import { IdleFace } from '../src/idle-face'
import type { Playback } from '../src/protocol'
import { audioMeta, FakeVideo, media, settle, videoMeta } from './fakes'

let idle: FakeVideo
let videos: [FakeVideo, FakeVideo]
let player: ChunkPlayer
let reports: string[]
let subtitles: (string | null)[]

beforeEach(() => {
  vi.useFakeTimers()
  idle = new FakeVideo()
  videos = [new FakeVideo(), new FakeVideo()]
  player = new ChunkPlayer({
    idle: new IdleFace({ idle: idle.element }),
    chunks: [videos[0].element, videos[1].element],
  })
  reports = []
  subtitles = []
  player.on('playback', (one: Playback) => reports.push(`${one.chunk_seq} ${one.event}`))
  player.on('chunk', (meta) => subtitles.push(meta?.text ?? null))
})

afterEach(() => vi.useRealTimers())

const chunk = (chunk_seq: number, generation_id = 1) =>
  media(videoMeta({ chunk_seq, generation_id, text: `${chunk_seq}` }))
const visible = () => videos.map((video) => video.isVisible)

test('the idle face plays from the start and nothing covers it', () => {
  expect(idle.plays).toBe(1)
  expect(visible()).toEqual([false, false])
})

test('chunks take turns on the two elements, and the idle face comes back', async () => {
  player.push(chunk(0))
  player.push(chunk(1))
  await settle()
  expect(visible()).toEqual([true, false])
  videos[0].end()
  await settle()
  expect(visible()).toEqual([false, true])
  videos[1].end()
  expect(visible()).toEqual([false, true])
  player.conclude()
  await settle()
  expect(visible()).toEqual([false, false])
  expect(player.state).toBe('idle')
  expect(reports).toEqual(['0 started', '0 ended', '1 started', '1 ended'])
  expect(subtitles).toEqual(['0', '1', null])
})

test('the element in sight keeps its picture until the next one has painted', async () => {
  const painted: (() => void)[] = []
  Object.assign(videos[1].element, { requestVideoFrameCallback: (done: () => void) => painted.push(done) })
  for (const seq of [0, 1, 2]) player.push(chunk(seq))
  await settle()
  const source = videos[0].element.src
  videos[0].end()
  await settle()
  expect(visible()).toEqual([true, false])
  expect(videos[0].element.src).toBe(source)
  painted[0]!()
  await settle()
  expect(visible()).toEqual([false, true])
  expect(videos[0].element.src).not.toBe(source)
})

test('an element that never reports a frame is shown all the same', async () => {
  Object.assign(videos[0].element, { requestVideoFrameCallback: () => 0 })
  player.push(chunk(0))
  await settle()
  expect(visible()).toEqual([false, false])
  await vi.advanceTimersByTimeAsync(200)
  expect(visible()).toEqual([true, false])
})

test('a chunk that comes a little late finds the last picture still there', async () => {
  player.push(chunk(0))
  await settle()
  videos[0].end()
  vi.advanceTimersByTime(300)
  expect(visible()).toEqual([true, false])
  player.push(chunk(1))
  await settle()
  expect(visible()).toEqual([false, true])
  expect(reports).toEqual(['0 started', '0 ended', '1 underrun', '1 started'])
  expect(subtitles).toEqual(['0', '1'])
})

test('when nothing comes for long, the idle face is back, and a later chunk still plays', async () => {
  player.push(chunk(0))
  await settle()
  videos[0].end()
  await vi.advanceTimersByTimeAsync(600)
  expect(visible()).toEqual([false, false])
  expect(player.state).toBe('idle')
  player.push(chunk(1))
  await settle()
  expect(reports.slice(2)).toEqual(['1 underrun', '1 started'])
})

test('concluding lets what plays play to its end', async () => {
  player.push(chunk(0))
  await settle()
  player.conclude()
  expect(visible()).toEqual([true, false])
  videos[0].end()
  await settle()
  expect(visible()).toEqual([false, false])
})

test('an interruption is silence at once, and the rest of the reply is not played', async () => {
  const pause = vi.spyOn(videos[0].element, 'pause')
  player.push(chunk(0))
  player.push(chunk(1))
  await settle()
  player.interrupt()
  expect(pause).toHaveBeenCalled()
  expect(player.state).toBe('idle')
  expect(subtitles.at(-1)).toBeNull()
  player.push(chunk(2))
  videos[0].end()
  await settle()
  expect(reports).toEqual(['0 started', '0 stopped'])
  player.push(chunk(0, 2))
  await settle()
  expect(player.state).toBe('playing')
})

test('a newer reply stops the older one', async () => {
  player.push(chunk(0, 1))
  player.push(chunk(1, 1))
  await settle()
  player.push(chunk(0, 2))
  await settle()
  expect(subtitles).toEqual(['0', null, '0'])
  expect(reports).toEqual(['0 started', '0 started'])
})

test('refused sound waits for a click', async () => {
  videos[0].refusal = new DOMException('no gesture', 'NotAllowedError')
  player.push(chunk(0))
  await settle()
  expect(player.state).toBe('blocked')
  expect(reports).toEqual([])
  videos[0].refusal = null
  player.unlock()
  await settle()
  expect(player.state).toBe('playing')
  expect(reports).toEqual(['0 started'])
})

test('a chunk that cannot be played is left out', async () => {
  const broken: number[] = []
  player.on('broken', (meta) => broken.push(meta.chunk_seq))
  player.push(chunk(0))
  player.push(chunk(1))
  await settle()
  videos[0].fail()
  await settle()
  expect(broken).toEqual([0])
  expect(reports).toEqual(['0 started', '0 ended', '1 started'])
})

test('a chunk that never ends is given up', async () => {
  player.push(chunk(0))
  await settle()
  await vi.advanceTimersByTimeAsync(6_000)
  expect(player.state).toBe('idle')
})

test('sound without pictures leaves the idle face in sight', async () => {
  player.push(media(audioMeta()))
  await settle()
  expect(player.state).toBe('playing')
  expect(visible()).toEqual([false, false])
})

test('volume nought is muted', () => {
  player.setVolume(0)
  expect(videos[0].element.muted).toBe(true)
  player.setVolume(0.5)
  expect(videos[1].element.muted).toBe(false)
  expect(videos[1].element.volume).toBe(0.5)
})

test('the idle loop goes on where the reply left the head', async () => {
  Object.defineProperty(idle.element, 'duration', { value: 5 })
  player.push(media(videoMeta({ first_frame: 100, fps: 25 })))
  await settle()
  Object.assign(videos[0].element, { currentTime: 2 })
  videos[0].end()
  player.conclude()
  expect(idle.element.currentTime).toBe(1)
})

test('a pause is silence that can be taken back', async () => {
  const pause = vi.spyOn(videos[0].element, 'pause')
  player.push(chunk(0))
  await settle()
  Object.assign(videos[0].element, { currentTime: 0.4 })
  player.pause()
  expect(pause).toHaveBeenCalled()
  expect(player.state).toBe('paused')
  player.resume()
  await settle()
  expect(player.state).toBe('playing')
  expect(visible()).toEqual([true, false])
  expect(reports).toEqual(['0 started', '0 paused', '0 resumed'])
})

test('a chunk that comes in a pause waits for its end', async () => {
  player.push(chunk(0))
  await settle()
  videos[0].end()
  player.pause()
  player.push(chunk(1))
  await settle()
  expect(player.state).toBe('paused')
  expect(videos[1].plays).toBe(0)
  player.resume()
  await settle()
  expect(player.state).toBe('playing')
  expect(videos[1].plays).toBe(1)
})

test('a pause that comes before the first sound holds it back, and breaks nothing', async () => {
  const broken = vi.fn()
  player.on('broken', broken)
  player.push(chunk(0))
  player.pause()
  await settle()
  expect(player.state).toBe('paused')
  expect(videos[0].isVisible).toBe(false)
  player.resume()
  await settle()
  expect(player.state).toBe('playing')
  expect(visible()).toEqual([true, false])
  expect(broken).not.toHaveBeenCalled()
})

test('a reply that is dropped in a pause does not hold the next one back', async () => {
  player.push(chunk(0))
  await settle()
  player.pause()
  player.dropBefore(2)
  player.push(chunk(0, 2))
  await settle()
  expect(player.state).toBe('playing')
})

test('a pause holds a sentence back that comes long after the one before', async () => {
  player.push(chunk(0))
  await settle()
  videos[0].end()
  await vi.advanceTimersByTimeAsync(600)
  player.pause()
  player.push(chunk(1))
  await settle()
  expect([player.state, videos[1].plays]).toEqual(['paused', 0])
  player.resume()
  await settle()
  expect([player.state, videos[1].plays]).toEqual(['playing', 1])
})

test.each([
  ['concluded', () => player.conclude()],
  ['cut', () => player.interrupt()],
  ['dropped', () => player.dropBefore(2)],
])('a pause between sentences ends with a reply that is %s', async (_, end) => {
  player.push(chunk(0))
  await settle()
  videos[0].end()
  await vi.advanceTimersByTimeAsync(600)
  player.pause()
  end()
  player.push(chunk(0, 2))
  await settle()
  expect(player.state).toBe('playing')
})

test('there is nothing to pause once the reply is over', async () => {
  player.push(chunk(0))
  await settle()
  player.conclude()
  videos[0].end()
  await settle()
  player.pause()
  player.push(chunk(0, 2))
  await settle()
  expect(player.state).toBe('playing')
})
