/** Reading what the server sends. The shapes themselves are in `protocol.ts`, which is generated. */
import type { ServerMessage, TtsAudioChunk, VideoChunkMeta } from './protocol'

export const PROTOCOL_VERSION = 1

export type MediaMeta = VideoChunkMeta | TtsAudioChunk

/** A meta with the binary frame that belongs to it. */
export interface Media {
  meta: MediaMeta
  data: ArrayBuffer
}

/** A piece of a reply that comes as one stream. */
export interface StreamMedia extends Media {
  meta: VideoChunkMeta
}

/** A server message, or null for text that is not one. Unknown types pass: newer servers may add some. */
export function parseServerMessage(text: string): ServerMessage | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // reported by the caller as a broken frame
  }
  const isMessage =
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  return isMessage ? (value as ServerMessage) : null
}

export function isMediaMeta(message: ServerMessage): message is MediaMeta {
  return message.type === 'video_chunk_meta' || message.type === 'tts_audio_chunk'
}

export function isStreamMedia(media: Media): media is StreamMedia {
  return media.meta.type === 'video_chunk_meta' && media.meta.container === 'fmp4'
}
