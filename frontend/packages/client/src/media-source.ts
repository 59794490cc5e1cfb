/** Which streams this browser can play from pieces. iPhones have only the managed kind of source. */

interface Sources {
  MediaSource?: typeof MediaSource
  ManagedMediaSource?: typeof MediaSource
}

/** What the service's streams are before the first one has said so itself. */
export const USUAL_STREAM = 'video/mp4; codecs="avc1.42C01E, mp4a.40.2"'

export function mediaSourceClass(): typeof MediaSource | null {
  const sources = globalThis as Sources
  return sources.MediaSource ?? sources.ManagedMediaSource ?? null
}

export function canStream(mime = USUAL_STREAM): boolean {
  return mediaSourceClass()?.isTypeSupported(mime) ?? false
}
