/**
 * What every player of replies does and says, whatever it plays on. Only types and the words to the
 * server; how pictures get on the screen is each player's own room.
 */
import type { Emitter } from './emitter'
import type { Media, MediaMeta } from './messages'
import type { Playback } from './protocol'

/** `paused`: silent, but ready to go on where it was; `blocked`: the browser wants a click first. */
export type PlayerState = 'idle' | 'playing' | 'paused' | 'blocked'

export interface PlayerEvents {
  state: PlayerState
  /** What the server wants to know. */
  playback: Playback
  /** The chunk that can be heard now; null when the reply is over. */
  chunk: MediaMeta | null
  /** All that was pushed has been played. */
  dry: undefined
  /** A chunk could not be played and was left out. */
  broken: MediaMeta
}

export interface Player extends Pick<Emitter<PlayerEvents>, 'on'> {
  readonly state: PlayerState
  push(media: Media): void
  /** No more chunks of the current reply will come: when the last has ended, back to the idle face. */
  conclude(): void
  /** Silence at once; what waits, and what still comes of this reply, is dropped. */
  interrupt(): void
  /** The server is past these replies: what still plays of them stops. */
  dropBefore(generation: number): void
  /** A new connection numbers its replies anew. */
  reset(): void
  /** Silence at once, but keep everything. */
  pause(): void
  /** Go on where `pause` stopped it. */
  resume(): void
  /** Volume 0…1. */
  setVolume(volume: number): void
  /** Call from a click or a key: some browsers let an element sound only after that. */
  unlock(): void
}

export function playbackOf(meta: MediaMeta, event: Playback['event'], positionMs: number): Playback {
  return {
    type: 'playback',
    generation_id: meta.generation_id ?? 0,
    chunk_seq: meta.chunk_seq,
    event,
    position_ms: Math.round(positionMs),
  }
}
