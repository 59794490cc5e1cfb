/**
 * Plays a reply chunk by chunk over the idle face, on two elements that take turns.
 *
 * While one plays, the other holds the next chunk ready below it. A chunk is shown only once it has
 * painted a picture, and the one before is hidden only after that: nothing black is ever seen. The
 * idle loop lies underneath and is uncovered when the reply ends. Chunks without pictures
 * (`tts_audio_chunk`) leave the idle face in sight. Two `<audio>` elements make an audio-only player.
 */
import { ChunkQueue } from './chunk-queue'
import { conceal, FADE_IN_MS, FADE_OUT_MS, isInSight, reveal } from './curtain'
import { Emitter } from './emitter'
import type { IdleFace } from './idle-face'
import type { Media } from './messages'
import { whenPainted } from './painted'
import { playbackOf, type Player, type PlayerEvents, type PlayerState } from './player'
import type { Playback } from './protocol'

export interface ChunkElements {
  chunks: [HTMLMediaElement, HTMLMediaElement]
  idle?: IdleFace
}

/** How long after its own length a chunk may still be running before it counts as stuck. */
const STUCK_MS = 4_000
/** How long the last picture stays when nothing follows yet; a late sentence then needs no way back. */
const HOLD_MS = 500

interface Playing {
  media: Media
  element: HTMLMediaElement
  watchdog?: ReturnType<typeof setTimeout>
  /** The other element is out of sight and may be loaded. */
  settled: boolean
}

export class ChunkPlayer extends Emitter<PlayerEvents> implements Player {
  private readonly queue = new ChunkQueue()
  private readonly loaded = new Map<HTMLMediaElement, Media>()
  private playing: Playing | null = null
  private current: PlayerState = 'idle'
  private turn = 0
  private lastUsed: HTMLMediaElement | null = null
  private primed = false
  private hold: ReturnType<typeof setTimeout> | undefined
  private concluded = false
  /** A reply has begun, and is neither concluded nor cut: more of it may come. */
  private goesOn = false
  /** Somebody seems to speak: nothing sounds, whatever comes. */
  private held = false

  constructor(private readonly elements: ChunkElements) {
    super()
    for (const element of elements.chunks) {
      element.addEventListener('ended', () => this.finished(element))
      element.addEventListener('error', () => this.failed(element))
      conceal(element, 0)
    }
  }

  get state(): PlayerState {
    return this.current
  }

  push(media: Media): void {
    const pushed = this.queue.push(media)
    if (pushed === 'dropped') return
    if (pushed === 'superseded') this.silence()
    this.concluded = false
    this.goesOn = true
    if (pushed === 'late') this.report(media, 'underrun', 0)
    if (this.playing && this.hold === undefined) this.preload()
    else this.playNext()
  }

  /** Nothing is left to be played. */
  get isDry(): boolean {
    return !this.playing || this.hold !== undefined
  }

  conclude(): void {
    this.concluded = true
    this.goesOn = false
    if (this.hold !== undefined) this.rest()
    else if (!this.playing) this.held = false
  }

  interrupt(): void {
    this.reportNow('stopped')
    this.queue.cut()
    this.silence()
  }

  dropBefore(generation: number): void {
    if (this.queue.dropBefore(generation)) this.silence()
  }

  reset(): void {
    this.queue.reset()
    this.silence()
  }

  pause(): void {
    if (this.held || !(this.playing || this.goesOn)) return
    this.held = true
    if (!this.playing) return // what comes late waits
    this.turn += 1 // a start that is under way now fails, and that is no defect
    clearTimeout(this.playing.watchdog)
    this.playing.element.pause()
    this.reportNow('paused')
    this.setState('paused')
  }

  resume(): void {
    if (!this.held) return
    this.held = false
    this.reportNow('resumed')
    if (this.playing && this.hold === undefined) void this.start(this.playing)
    else if (this.playing) this.setState('playing')
  }

  setVolume(volume: number): void {
    for (const element of this.elements.chunks) {
      element.volume = volume
      element.muted = volume === 0
    }
  }

  unlock(): void {
    this.elements.idle?.wake()
    if (this.current === 'blocked' && this.playing) void this.start(this.playing)
    else if (!this.playing && !this.primed) for (const element of this.elements.chunks) element.load()
    this.primed = true
  }

  private playNext(): void {
    this.endHold()
    const media = this.queue.take()
    if (!media) {
      this.endReply()
      return
    }
    this.playing = { media, element: this.load(media), settled: false }
    void this.start(this.playing)
  }

  private endReply(): void {
    if (this.concluded || !this.playing) {
      this.rest()
    } else {
      this.hold = setTimeout(() => this.rest(), HOLD_MS)
      this.emit('dry', undefined)
    }
  }

  /** Puts the next chunk into the element that is free, once it is. */
  private preload(): void {
    const next = this.queue.peek()
    if (next && this.playing?.settled) this.load(next)
  }

  private load(media: Media): HTMLMediaElement {
    for (const [element, loaded] of this.loaded) if (loaded === media) return element
    const element = this.other(this.lastUsed)
    this.unload(element)
    element.src = URL.createObjectURL(new Blob([media.data], { type: media.meta.mime }))
    element.load()
    this.loaded.set(element, media)
    return element
  }

  private async start(playing: Playing): Promise<void> {
    const turn = this.turn
    const { media, element } = playing
    this.lastUsed = element
    if (this.held) {
      this.setState('paused')
      return
    }
    const leftMs = media.meta.duration_ms - element.currentTime * 1000
    playing.watchdog = setTimeout(() => this.failed(element), leftMs + STUCK_MS)
    try {
      await element.play()
    } catch (error) {
      if (turn === this.turn && this.playing === playing) this.refused(playing, error)
      return
    }
    if (turn !== this.turn || this.playing !== playing) return
    this.setState('playing')
    if (playing.settled) return
    this.report(media, 'started', 0)
    this.emit('chunk', media.meta)
    await this.show(playing)
  }

  private refused(playing: Playing, error: unknown): void {
    if (error instanceof DOMException && error.name === 'NotAllowedError') {
      clearTimeout(playing.watchdog)
      this.setState('blocked')
    } else {
      this.failed(playing.element)
    }
  }

  /** Uncovers a chunk once it has a picture, and hides the other in the same breath. */
  private async show(playing: Playing): Promise<void> {
    const { media, element } = playing
    const other = this.other(element)
    if (media.meta.type === 'video_chunk_meta' && element instanceof HTMLVideoElement) {
      const turn = this.turn
      await whenPainted(element)
      if (turn !== this.turn || this.playing !== playing) return
      reveal(element, isInSight(other) ? 0 : FADE_IN_MS)
      conceal(other, 0)
    } else {
      conceal(other, FADE_OUT_MS)
    }
    playing.settled = true
    this.preload()
  }

  private finished(element: HTMLMediaElement): void {
    const playing = this.playing
    if (!playing || playing.element !== element) return
    this.leave(playing)
    this.report(playing.media, 'ended', playing.media.meta.duration_ms)
    this.playNext()
  }

  private failed(element: HTMLMediaElement): void {
    const playing = this.playing
    if (!playing || playing.element !== element) return
    this.leave(playing)
    this.emit('broken', playing.media.meta)
    // The server waits for this word; without it a broken chunk would hold up the end of the turn.
    this.report(playing.media, 'ended', element.currentTime * 1000)
    this.playNext()
  }

  private leave(playing: Playing): void {
    clearTimeout(playing.watchdog)
    this.loaded.delete(playing.element)
    this.turn += 1
  }

  private endHold(): void {
    clearTimeout(this.hold)
    this.hold = undefined
  }

  /** Nothing more to play for now: back to the idle face. */
  private rest(): void {
    this.endHold()
    if (this.concluded) this.held = false
    const last = this.playing
    this.playing = null
    this.setState('idle')
    this.emit('chunk', null)
    void this.uncoverIdle(last)
  }

  /** Chunks are drawn over the idle loop's own frames: it goes on where the reply left the head. */
  private async uncoverIdle(last: Playing | null): Promise<void> {
    const { idle, chunks } = this.elements
    const turn = this.turn
    if (last?.media.meta.type === 'video_chunk_meta' && idle) {
      const { first_frame, fps } = last.media.meta
      await idle.standAt(first_frame / fps + last.element.currentTime)
      if (turn !== this.turn || this.playing) return
      idle.wake()
    }
    for (const element of chunks) conceal(element, FADE_OUT_MS)
  }

  private silence(): void {
    if (this.playing) clearTimeout(this.playing.watchdog)
    this.held = this.goesOn = false
    this.turn += 1
    for (const element of this.elements.chunks) element.pause()
    this.loaded.clear()
    if (this.playing) this.rest()
  }

  /** Frees what an element held. Its last picture stays until the next source has one. */
  private unload(element: HTMLMediaElement): void {
    if (element.src) URL.revokeObjectURL(element.src)
    this.loaded.delete(element)
  }

  private other(element: HTMLMediaElement | null): HTMLMediaElement {
    const [first, second] = this.elements.chunks
    return element === first ? second : first
  }

  private report({ meta }: Media, event: Playback['event'], positionMs: number): void {
    this.emit('playback', playbackOf(meta, event, positionMs))
  }

  /** About the chunk that can be heard now, if there is one. */
  private reportNow(event: Playback['event']): void {
    const isHeard = this.current === 'playing' || this.current === 'paused'
    if (isHeard && this.playing && !this.hold) {
      this.report(this.playing.media, event, this.playing.element.currentTime * 1000)
    }
  }

  private setState(state: PlayerState): void {
    if (state === this.current) return
    this.current = state
    this.emit('state', state)
  }
}
