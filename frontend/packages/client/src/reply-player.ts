/**
 * The one player that a session talks to: streams go to the `StreamPlayer`, whole files and sound
 * without pictures to the `ChunkPlayer`, in the order in which they belong, and never both at once.
 */
import { ChunkPlayer } from './chunk-player'
import { ChunkQueue } from './chunk-queue'
import { Emitter } from './emitter'
import { IdleFace } from './idle-face'
import type { LoopElements } from './loops'
import { canStream } from './media-source'
import { isStreamMedia, type Media } from './messages'
import type { Player, PlayerEvents, PlayerState } from './player'
import type { VideoFormat } from './protocol'
import { StreamPlayer } from './stream-player'

export interface FaceElements {
  /** On each other in this order, idle below; the others above them. */
  loops: LoopElements
  stream: HTMLVideoElement
  chunks: [HTMLVideoElement, HTMLVideoElement]
}

/** What counts when the two are not in the same state. */
const ORDER: PlayerState[] = ['blocked', 'paused', 'playing']

export class ReplyPlayer extends Emitter<PlayerEvents> implements Player {
  readonly idle: IdleFace
  private readonly queue = new ChunkQueue()
  private readonly chunks: ChunkPlayer
  /** Null where the browser plays no streams. */
  private readonly stream: StreamPlayer | null
  private told: PlayerState = 'idle'
  private concluded = false
  /** A browser that failed at a stream once is asked for no other. */
  private canStream = true

  constructor(elements: FaceElements) {
    super()
    this.idle = new IdleFace(elements.loops)
    this.chunks = new ChunkPlayer({ chunks: elements.chunks, idle: this.idle })
    this.stream = canStream() ? new StreamPlayer(elements.stream, this.idle) : null
    this.stream?.on('broken', () => (this.canStream = false))
    for (const player of this.players) this.listenTo(player)
  }

  /** What to ask the service for. */
  get format(): VideoFormat {
    return this.stream && this.canStream
      ? { container: 'fmp4', chunking: 'progressive' }
      : { container: 'mp4', chunking: 'sentence' }
  }

  get state(): PlayerState {
    return this.told
  }

  push(media: Media): void {
    const pushed = this.queue.push(media)
    if (pushed === 'dropped') return
    if (pushed === 'superseded') this.silence()
    this.concluded = false
    this.handOver()
  }

  conclude(): void {
    this.concluded = true
    this.handOver()
  }

  interrupt(): void {
    this.stream?.reportStopped()
    this.queue.cut()
    this.chunks.interrupt()
    this.stream?.silence()
  }

  dropBefore(generation: number): void {
    if (!this.queue.dropBefore(generation)) return
    this.chunks.dropBefore(generation)
    this.stream?.silence()
  }

  reset(): void {
    this.queue.reset()
    this.silence()
  }

  pause(): void {
    for (const player of this.players) player.pause()
  }

  resume(): void {
    for (const player of this.players) player.resume()
  }

  setVolume(volume: number): void {
    for (const player of this.players) player.setVolume(volume)
  }

  unlock(): void {
    this.idle.wake()
    for (const player of this.players) player.unlock()
  }

  private get players(): (ChunkPlayer | StreamPlayer)[] {
    return this.stream ? [this.chunks, this.stream] : [this.chunks]
  }

  private silence(): void {
    this.chunks.reset()
    this.stream?.silence()
  }

  /** As much of what waits as can be played now. A change of players waits until the one is through. */
  private handOver(): void {
    for (let next = this.queue.peek(); next; next = this.queue.peek()) {
      const { stream, chunks } = this
      if (stream && isStreamMedia(next)) {
        if (!chunks.isDry) return
        chunks.reset()
        stream.push(next)
      } else {
        if (stream && !stream.isDry) return
        stream?.stepAside()
        chunks.push(next)
      }
      this.queue.take()
    }
    if (this.concluded) for (const player of this.players) player.conclude()
  }

  private listenTo(player: ChunkPlayer | StreamPlayer): void {
    player.on('playback', (playback) => this.emit('playback', playback))
    player.on('chunk', (meta) => this.emit('chunk', meta))
    player.on('broken', (meta) => this.emit('broken', meta))
    player.on('dry', () => this.handOver())
    player.on('state', () => this.tell())
  }

  private tell(): void {
    const states = this.players.map((player) => player.state)
    const state = ORDER.find((one) => states.includes(one)) ?? 'idle'
    if (state === this.told) return
    this.told = state
    this.emit('state', state)
  }
}
