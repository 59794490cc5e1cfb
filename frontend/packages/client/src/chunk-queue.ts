/**
 * What is to be played next, in order, of the newest reply only. Pure: no element, no clock.
 */
import type { Media } from './messages'

export type Pushed =
  /** It waits its turn. */
  | 'queued'
  /** It waits its turn, and the reply had run dry before it came. */
  | 'late'
  /** It begins a newer reply; what was queued of the older one is gone. */
  | 'superseded'
  /** It belongs to an older reply, or was already taken. */
  | 'dropped'

export class ChunkQueue {
  private waiting: Media[] = []
  private generation = -1
  private seen = -1
  private lastTaken = -1
  private starving = false

  push(media: Media): Pushed {
    const generation = media.meta.generation_id ?? 0
    if (generation < this.generation) return 'dropped'
    if (generation > this.seen) return this.begin(generation, media)
    if (media.meta.chunk_seq <= this.lastTaken) return 'dropped'
    this.insert(media)
    const late = this.starving
    this.starving = false
    return late ? 'late' : 'queued'
  }

  /** The next chunk, without taking it. */
  peek(): Media | undefined {
    return this.waiting[0]
  }

  /** Takes the next chunk. Nothing there after something was played means that the reply ran dry. */
  take(): Media | undefined {
    const media = this.waiting.shift()
    if (media) this.lastTaken = media.meta.chunk_seq
    else this.starving = this.lastTaken >= 0
    return media
  }

  /** Drops all that waits, and all that still comes of this reply. */
  cut(): void {
    this.restart(this.seen + 1)
  }

  /** Replies before `generation` are over. Returns true when the newest one known was such. */
  dropBefore(generation: number): boolean {
    if (generation <= this.seen || generation <= this.generation) return false
    this.restart(generation)
    return true
  }

  /** A new connection numbers its replies anew. */
  reset(): void {
    this.seen = -1
    this.restart(-1)
  }

  private begin(generation: number, media: Media): Pushed {
    const superseded = this.waiting.length > 0 || this.lastTaken >= 0
    this.restart(generation)
    this.seen = generation
    this.insert(media)
    return superseded ? 'superseded' : 'queued'
  }

  private restart(generation: number): void {
    this.generation = generation
    this.waiting = []
    this.lastTaken = -1
    this.starving = false
  }

  private insert(media: Media): void {
    const later = this.waiting.findIndex((one) => one.meta.chunk_seq > media.meta.chunk_seq)
    this.waiting.splice(later < 0 ? this.waiting.length : later, 0, media)
  }
}
