/**
 * The chunks of one stream on the reply's own time line: which one sounds at a given second, and what
 * the server is to be told as time goes by. Pure.
 */
import type { Playback, VideoChunkMeta } from './protocol'

export interface Passed {
  meta: VideoChunkMeta
  event: Extract<Playback['event'], 'started' | 'ended'>
  positionMs: number
}

/** Times out of a media element are a little less than they should be. */
const SLACK_S = 0.005

export class Timeline {
  private readonly chunks: VideoChunkMeta[] = []
  private started = 0
  private ended = 0

  add(meta: VideoChunkMeta): void {
    this.chunks.push(meta)
  }

  get isEmpty(): boolean {
    return this.chunks.length === 0
  }

  /** Where the last chunk ends, in seconds. */
  get endS(): number {
    const last = this.chunks.at(-1)
    return last ? endS(last) : 0
  }

  /** The chunk that sounds: the last one that has been told as started and not as ended. */
  get current(): VideoChunkMeta | null {
    return this.started > this.ended ? this.chunks[this.started - 1]! : null
  }

  /** The chunk that holds this second, or else the last one before it. */
  at(timeS: number): VideoChunkMeta | null {
    return this.chunks.findLast((meta) => startS(meta) <= timeS + SLACK_S) ?? this.chunks[0] ?? null
  }

  /** Where the chunk after this second begins; null when there is none. */
  nextStartS(timeS: number): number | null {
    const next = this.chunks.find((meta) => startS(meta) > timeS + SLACK_S)
    return next ? startS(next) : null
  }

  /** How far into its chunk a second is. */
  positionMs(meta: VideoChunkMeta, timeS: number): number {
    return Math.min(Math.max(0, timeS * 1000 - meta.start_ms), meta.duration_ms)
  }

  /** The second of the idle loop whose head the reply shows at a second of its own. */
  loopS(timeS: number): number {
    const meta = this.at(timeS)
    return meta ? meta.first_frame / meta.fps + this.positionMs(meta, timeS) / 1000 : 0
  }

  /** What has happened by this second that had not by the last one asked about. */
  advance(timeS: number): Passed[] {
    const passed: Passed[] = []
    for (; this.started < this.chunks.length; this.started += 1) {
      const next = this.chunks[this.started]!
      if (startS(next) > timeS + SLACK_S) break
      passed.push(...this.endUntil(this.started), begun(next))
    }
    return passed
  }

  /** All of it has been played. */
  finish(): Passed[] {
    return [...this.advance(Infinity), ...this.endUntil(this.chunks.length)]
  }

  private endUntil(count: number): Passed[] {
    const over = this.chunks.slice(this.ended, count)
    this.ended = Math.max(this.ended, count)
    return over.map((meta) => ({ meta, event: 'ended', positionMs: meta.duration_ms }))
  }
}

const startS = (meta: VideoChunkMeta): number => meta.start_ms / 1000
const endS = (meta: VideoChunkMeta): number => (meta.start_ms + meta.duration_ms) / 1000
const begun = (meta: VideoChunkMeta): Passed => ({ meta, event: 'started', positionMs: 0 })
