/**
 * One media source on one element, and the pieces that go into it one after the other.
 *
 * A source buffer takes one piece at a time and only so much in all: pieces wait here for their turn,
 * and what was played long ago is taken out. What the pieces mean is the player's business.
 */
import { Emitter } from './emitter'
import { mediaSourceClass } from './media-source'

export interface Piece {
  data: ArrayBuffer
  /** Set for a piece that begins a stream: what it is, and the second that its own nought is put at. */
  begins?: { mime: string; atS: number }
}

type Job = Piece | { removeUntilS: number } | 'end'

export interface ReelEvents {
  /** A piece is in. */
  appended: undefined
  failed: string
}

/** How much of the past is kept, for a small step back. */
const KEEP_S = 10

export class Reel extends Emitter<ReelEvents> {
  private readonly source: MediaSource
  private readonly url: string
  private readonly jobs: Job[] = []
  private readonly borders: number[] = []
  private buffer: SourceBuffer | null = null
  private isFull = false

  /** Opens at once; pieces may come before it is open. */
  constructor(
    private readonly element: HTMLMediaElement,
    private mime: string,
  ) {
    super()
    this.source = new (mediaSourceClass()!)()
    this.url = URL.createObjectURL(this.source)
    this.source.addEventListener('sourceopen', () => this.opened(), { once: true })
    element.src = this.url
  }

  /** Everything handed over is in. */
  get isSettled(): boolean {
    return this.jobs.length === 0 && this.buffer?.updating === false
  }

  append(piece: Piece): void {
    this.jobs.push(piece)
    this.work()
  }

  /** Nothing more will come. */
  end(): void {
    this.jobs.push('end')
    this.work()
  }

  /** Seconds that lie ready from `timeS` on without a hole. */
  aheadS(timeS: number): number {
    const { buffered } = this.element
    for (let i = 0; i < buffered.length; i += 1) {
      const holds = buffered.start(i) <= timeS + 0.1 && buffered.end(i) > timeS
      if (holds) return buffered.end(i) - Math.max(timeS, buffered.start(i))
    }
    return 0
  }

  /** A chunk that begins here, with a key frame, has come to play: what lies far before it may go. */
  passed(borderS: number): void {
    this.borders.push(borderS)
    this.evict()
  }

  /** Lets go of the element's source; the element keeps its last picture until it gets another. */
  dispose(): void {
    this.jobs.length = 0
    this.buffer = null
    URL.revokeObjectURL(this.url)
  }

  private opened(): void {
    try {
      this.buffer = this.source.addSourceBuffer(this.mime)
    } catch (error) {
      this.emit('failed', String(error))
      return
    }
    this.buffer.addEventListener('updateend', () => this.updated())
    this.buffer.addEventListener('error', () => this.emit('failed', 'a piece cannot be decoded'))
    this.work()
  }

  private updated(): void {
    this.emit('appended', undefined)
    this.work()
  }

  private work(): void {
    if (!this.buffer || this.buffer.updating || this.source.readyState === 'closed') return
    const job = this.jobs[0]
    if (!job) return
    try {
      this.run(this.buffer, job)
      this.jobs.shift()
    } catch (error) {
      this.refused(error)
    }
  }

  private run(buffer: SourceBuffer, job: Job): void {
    if (job === 'end') {
      if (this.source.readyState === 'open') this.source.endOfStream()
    } else if ('removeUntilS' in job) {
      buffer.remove(0, job.removeUntilS)
    } else {
      if (job.begins) this.beginAnew(buffer, job.begins)
      buffer.appendBuffer(job.data)
    }
  }

  private beginAnew(buffer: SourceBuffer, { mime, atS }: NonNullable<Piece['begins']>): void {
    buffer.abort()
    if (mime !== this.mime) buffer.changeType(mime)
    this.mime = mime
    buffer.timestampOffset = atS
  }

  private refused(error: unknown): void {
    const isQuota = error instanceof DOMException && error.name === 'QuotaExceededError'
    if (isQuota) {
      // The piece stays first in the row and goes in as soon as enough has been played.
      this.isFull = true
      this.evict()
    } else {
      this.emit('failed', String(error))
    }
  }

  private evict(): void {
    const latest = this.borders.at(-1) ?? 0
    const until = this.isFull ? latest : (this.borders.findLast((border) => border <= latest - KEEP_S) ?? 0)
    const { buffered } = this.element
    const hasPast = buffered.length > 0 && buffered.start(0) < until - 0.5
    if (!hasPast) return
    this.isFull = false
    this.jobs.unshift({ removeUntilS: until })
    this.work()
  }
}

/** A piece that opens with a file type box begins a stream. */
export function beginsStream(data: ArrayBuffer): boolean {
  const head = new Uint8Array(data.slice(4, 8))
  return String.fromCharCode(...head) === 'ftyp'
}
