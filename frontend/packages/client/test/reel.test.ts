import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beginsStream, Reel } from '../src/reel'
import { buffer, FakeMediaSource, installMediaSource, piece } from './fake-media-source'
import { FakeVideo } from './fakes'

const MIME = 'video/mp4; codecs="avc1.42C01E, mp4a.40.2"'
let video: FakeVideo
let reel: Reel

beforeEach(() => {
  installMediaSource()
  video = new FakeVideo()
  buffer(video, 0)
  reel = new Reel(video.element, MIME)
})

afterEach(() => vi.unstubAllGlobals())

const asked = () => FakeMediaSource.last.buffer.done
const finish = () => FakeMediaSource.last.buffer.finish()
const begin = (size: number, atS = 0, mime = MIME) =>
  reel.append({ data: piece(size, true), begins: { mime, atS } })

test('pieces wait for the source to open, and then for each other', () => {
  begin(8)
  reel.append({ data: piece(9) })
  expect(asked()).toEqual([])
  FakeMediaSource.last.open()
  expect(asked()).toEqual(['abort', 8])
  expect(reel.isSettled).toBe(false)
  finish()
  expect(asked()).toEqual(['abort', 8, 9])
  finish()
  expect(reel.isSettled).toBe(true)
})

test('a stream that begins anew is put where it belongs', () => {
  FakeMediaSource.last.open()
  begin(8)
  finish()
  begin(9, 4.2, 'video/mp4; codecs="avc1.42C01F, mp4a.40.2"')
  expect(asked().slice(2)).toEqual(['abort', 'video/mp4; codecs="avc1.42C01F, mp4a.40.2"', 9])
  expect(FakeMediaSource.last.buffer.timestampOffset).toBe(4.2)
})

test('the end comes after the last piece', () => {
  FakeMediaSource.last.open()
  begin(8)
  reel.end()
  expect(asked()).toEqual(['abort', 8])
  finish()
  expect(asked()).toEqual(['abort', 8, 'end'])
})

test('what was played more than ten seconds ago goes, up to the border of a chunk', () => {
  FakeMediaSource.last.open()
  buffer(video, 20)
  for (const border of [0, 3, 6, 9, 14]) reel.passed(border)
  expect(asked()).toEqual(['remove 0-3'])
})

test('a full buffer gives up its past for the piece that waits', () => {
  FakeMediaSource.last.open()
  buffer(video, 8)
  FakeMediaSource.last.buffer.full = true
  reel.append({ data: piece(9) })
  expect(asked()).toEqual([])
  reel.passed(4)
  expect(asked()).toEqual(['remove 0-4'])
  finish()
  expect(asked()).toEqual(['remove 0-4', 9])
})

test('how much lies ahead is counted up to the first hole', () => {
  buffer(video, 3, 1)
  expect(reel.aheadS(2)).toBe(1)
  expect(reel.aheadS(0.95)).toBe(2)
  expect(reel.aheadS(0)).toBe(0)
  expect(reel.aheadS(3)).toBe(0)
})

test('a stream begins with a file type box', () => {
  expect(beginsStream(piece(16, true))).toBe(true)
  expect(beginsStream(piece(16))).toBe(false)
})
