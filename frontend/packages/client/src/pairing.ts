/**
 * Puts a media meta and the binary frame right after it together. Pure: frames in, pairs out.
 */
import type { Media, MediaMeta } from './messages'

export type Paired = { media: Media } | { defect: string }

export class MediaPairing {
  private expected: MediaMeta | null = null

  /** A text frame came. Returns a defect when a binary frame was due instead. */
  text(meta: MediaMeta | null): string | null {
    const orphan = this.expected
    this.expected = meta
    return orphan ? `chunk ${orphan.chunk_seq} came without its media` : null
  }

  /** A binary frame came. */
  binary(data: ArrayBuffer): Paired {
    const meta = this.expected
    this.expected = null
    if (!meta) return { defect: `${data.byteLength} bytes came without a meta` }
    if (data.byteLength !== meta.size) {
      return { defect: `chunk ${meta.chunk_seq} has ${data.byteLength} bytes instead of ${meta.size}` }
    }
    return { media: { meta, data } }
  }

  reset(): void {
    this.expected = null
  }
}
