/** A media source whose work is told, not done: the test says when a piece is in and what is buffered. */
import { vi } from 'vitest'
import type { FakeVideo } from './fakes'

export class FakeSourceBuffer extends EventTarget {
  updating = false
  timestampOffset = 0
  /** What was asked of it, in order: sizes of pieces, and words for the rest. */
  done: (string | number)[] = []
  full = false

  appendBuffer(data: ArrayBuffer): void {
    if (this.full) throw new DOMException('full', 'QuotaExceededError')
    this.begin(data.byteLength)
  }

  remove(from: number, until: number): void {
    this.full = false
    this.begin(`remove ${from}-${until}`)
  }

  abort(): void {
    this.done.push('abort')
  }

  changeType(mime: string): void {
    this.done.push(mime)
  }

  /** The piece in hand is in. */
  finish(): void {
    this.updating = false
    this.dispatchEvent(new Event('updateend'))
  }

  private begin(what: string | number): void {
    this.updating = true
    this.done.push(what)
  }
}

export class FakeMediaSource extends EventTarget {
  static all: FakeMediaSource[] = []
  static isTypeSupported = (): boolean => true
  readyState = 'closed'
  readonly buffer = new FakeSourceBuffer()

  constructor() {
    super()
    FakeMediaSource.all.push(this)
  }

  static get last(): FakeMediaSource {
    return FakeMediaSource.all.at(-1)!
  }

  addSourceBuffer(): FakeSourceBuffer {
    return this.buffer
  }

  endOfStream(): void {
    this.readyState = 'ended'
    this.buffer.done.push('end')
  }

  open(): void {
    this.readyState = 'open'
    this.dispatchEvent(new Event('sourceopen'))
  }
}

export function installMediaSource(): void {
  FakeMediaSource.all = []
  vi.stubGlobal('MediaSource', FakeMediaSource)
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:fake')
  vi.spyOn(URL, 'revokeObjectURL').mockReturnValue(undefined)
}

/** What lies ready in an element, from nought. */
export function buffer(video: FakeVideo, endS: number, startS = 0): void {
  const buffered = { length: endS > startS ? 1 : 0, start: () => startS, end: () => endS }
  Object.defineProperty(video.element, 'buffered', { value: buffered, configurable: true })
}

/** The bytes of a piece; one that begins a stream opens with a file type box. */
export function piece(size: number, begins = false): ArrayBuffer {
  const bytes = new Uint8Array(size)
  if (begins) bytes.set(new TextEncoder().encode('ftyp'), 4)
  return bytes.buffer
}
