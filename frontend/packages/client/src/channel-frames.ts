/** How messages and media travel through a channel of plain requests. Pure. */

export type ChannelFrame =
  | { number: number; data: string | ArrayBuffer }
  | { number: number; closeCode: number }

const HEAD_BYTES = 9
const TEXT = 0
const MEDIA = 1
/** The longest piece of microphone sound that is taken at once: a second. */
const MAX_SOUND_BYTES = 32_000

/** The frames of one answer: kind (u8), number (u32), length (u32), payload; big-endian. */
export function readFrames(body: ArrayBuffer): ChannelFrame[] {
  const view = new DataView(body)
  const frames: ChannelFrame[] = []
  for (let at = 0; at + HEAD_BYTES <= body.byteLength; ) {
    const kind = view.getUint8(at)
    const number = view.getUint32(at + 1)
    const begin = at + HEAD_BYTES
    at = begin + view.getUint32(at + 5)
    const payload = body.slice(begin, at)
    if (kind === TEXT) frames.push({ number, data: new TextDecoder().decode(payload) })
    else if (kind === MEDIA) frames.push({ number, data: payload })
    else frames.push({ number, closeCode: new DataView(payload).getUint16(0) })
  }
  return frames
}

export interface Batch {
  type: 'application/json' | 'application/octet-stream'
  body: string | ArrayBuffer
}

/** Takes as much from the front of what waits as one request can carry, in order. */
export function takeBatch(waiting: (string | Int16Array<ArrayBuffer>)[]): Batch {
  return typeof waiting[0] === 'string' ? takeMessages(waiting) : takeSound(waiting)
}

function takeMessages(waiting: (string | Int16Array<ArrayBuffer>)[]): Batch {
  const messages: string[] = []
  while (typeof waiting[0] === 'string') messages.push(waiting.shift() as string)
  return { type: 'application/json', body: `[${messages.join(',')}]` }
}

function takeSound(waiting: (string | Int16Array<ArrayBuffer>)[]): Batch {
  const pieces: Int16Array<ArrayBuffer>[] = []
  let bytes = 0
  for (let next = waiting[0]; next instanceof Int16Array; next = waiting[0]) {
    if (pieces.length > 0 && bytes + next.byteLength > MAX_SOUND_BYTES) break
    pieces.push(next)
    bytes += next.byteLength
    waiting.shift()
  }
  return { type: 'application/octet-stream', body: joined(pieces, bytes) }
}

function joined(pieces: Int16Array<ArrayBuffer>[], bytes: number): ArrayBuffer {
  const all = new Int16Array(bytes / 2)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all.buffer
}
