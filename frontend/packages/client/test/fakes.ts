/** What the tests put in the place of the network and of a browser's media elements. */
import type { Media, MediaMeta } from '../src/messages'
import type { TtsAudioChunk, VideoChunkMeta } from '../src/protocol'

export function videoMeta(changes: Partial<VideoChunkMeta> = {}): VideoChunkMeta {
  return {
    type: 'video_chunk_meta',
    session_id: 's',
    seq: 1,
    generation_id: 1,
    chunk_seq: 0,
    sentence_index: 0,
    part: 0,
    is_last: true,
    text: 'Hello.',
    size: 4,
    container: 'mp4',
    mime: 'video/mp4',
    width: 512,
    height: 512,
    fps: 25,
    first_frame: 0,
    frames: 25,
    duration_ms: 1000,
    start_ms: 0,
    ...changes,
  }
}

export function audioMeta(changes: Partial<TtsAudioChunk> = {}): TtsAudioChunk {
  return {
    type: 'tts_audio_chunk',
    session_id: 's',
    seq: 1,
    generation_id: 1,
    chunk_seq: 0,
    sentence_index: 0,
    part: 0,
    is_last: true,
    text: 'Hello.',
    size: 4,
    mime: 'audio/wav',
    duration_ms: 1000,
    sample_rate: 16_000,
    codec: 'pcm_s16le',
    ...changes,
  }
}

export function media(meta: MediaMeta = videoMeta()): Media {
  return { meta, data: new ArrayBuffer(meta.size) }
}

/** A socket that the test holds the other end of. */
export class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  binaryType = ''
  sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }

  static create = (url: string): WebSocket => new FakeSocket(url) as unknown as WebSocket

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!
  }

  send(data: unknown): void {
    this.sent.push(typeof data === 'string' ? JSON.parse(data) : data)
  }

  close(): void {
    this.readyState = 3
  }

  accept(): void {
    this.readyState = 1
    this.onopen?.()
  }

  text(message: object): void {
    this.onmessage?.({ data: JSON.stringify({ session_id: 's', seq: 1, ...message }) })
  }

  raw(data: unknown): void {
    this.onmessage?.({ data })
  }

  drop(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code })
  }

  /** What was sent, less the idle loop's whereabouts, which are said at any time. */
  types(): unknown[] {
    const types = this.sent.map((one) => (one instanceof Int16Array ? 'audio' : (one as { type: string }).type))
    return types.filter((type) => type !== 'idle_position')
  }
}

/** A video element whose playing is told, not done. */
export class FakeVideo {
  readonly element = document.createElement('video')
  refusal: DOMException | null = null
  plays = 0

  constructor() {
    const { element } = this
    element.play = () => {
      this.plays += 1
      if (!this.refusal) element.dispatchEvent(new Event('playing'))
      return this.refusal ? Promise.reject(this.refusal) : Promise.resolve()
    }
    element.pause = () => undefined
    element.load = () => undefined
    Object.assign(element, { requestVideoFrameCallback: (done: () => void) => queueMicrotask(done) })
  }

  end(): void {
    this.element.dispatchEvent(new Event('ended'))
  }

  fail(): void {
    this.element.dispatchEvent(new Event('error'))
  }

  get isVisible(): boolean {
    return this.element.style.opacity === '1'
  }
}

/** Lets promises that are already settled run their course. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}
