/**
 * A line for networks that let no WebSocket through: the same messages in plain requests.
 *
 * What comes is fetched by a request that waits on the server until there is something; what goes is
 * gathered while the request before is still on its way. To a connection it looks like a socket.
 */
import { readFrames, takeBatch } from './channel-frames'
import type { Socket } from './socket'

export interface PollingOptions {
  /** Where channels are opened: `https://host/api/channel`. */
  endpoint: string
  /** `new`, or the session to come back to. */
  sessionId: string
  fetch?: typeof fetch
}

const CONNECTING = 0
const OPEN = 1
const CLOSED = 3
const WAIT_S = 20
/** An answer that was lost is asked for again so often before the line counts as down. */
const TRIES = 3
const RETRY_MS = 500
const LOST = 1006

export class PollingSocket implements Socket {
  readyState = CONNECTING
  binaryType = 'arraybuffer'
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  private readonly waiting: (string | Int16Array<ArrayBuffer>)[] = []
  private readonly leaving = new AbortController()
  private readonly fetch: typeof fetch
  private channel = ''
  private isSending = false
  private taken = 0

  constructor(private readonly options: PollingOptions) {
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
    void this.run()
  }

  send(data: string | Int16Array<ArrayBuffer>): void {
    this.waiting.push(data)
    if (!this.isSending) void this.sendWaiting()
  }

  close(): void {
    if (this.readyState === CLOSED) return
    this.readyState = CLOSED
    this.leaving.abort()
    // The page may be on its way out; nobody is left to hear how this went.
    if (this.channel) this.fetch(this.channel, { method: 'DELETE', keepalive: true }).catch(() => undefined)
  }

  private async run(): Promise<void> {
    try {
      await this.open()
      while (this.readyState === OPEN) await this.poll()
    } catch (error) {
      this.lost(error)
    }
  }

  private async open(): Promise<void> {
    const { endpoint, sessionId } = this.options
    const answer = await this.request(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ session_id: sessionId }),
    })
    const { channel } = (await answer.json()) as { channel: string }
    if (this.readyState === CLOSED) return
    this.channel = `${endpoint}/${channel}`
    this.readyState = OPEN
    this.onopen?.(new Event('open'))
  }

  private async poll(): Promise<void> {
    const url = `${this.channel}?after=${this.taken}&wait_s=${WAIT_S}`
    const body = await this.again(async () => (await this.request(url)).arrayBuffer())
    for (const frame of readFrames(body)) {
      if (this.readyState !== OPEN || frame.number <= this.taken) continue
      this.taken = frame.number
      if ('closeCode' in frame) this.ended(frame.closeCode)
      else this.onmessage?.(new MessageEvent('message', { data: frame.data }))
    }
  }

  /** Only for what may be asked twice. */
  private async again<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask()
      } catch (error) {
        const isFinal = tries === TRIES || this.readyState !== OPEN || error instanceof Refusal
        if (isFinal) throw error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries))
      }
    }
  }

  private async sendWaiting(): Promise<void> {
    this.isSending = true
    try {
      while (this.waiting.length > 0 && this.readyState === OPEN) {
        const { type, body } = takeBatch(this.waiting)
        await this.request(this.channel, { method: 'POST', headers: { 'Content-Type': type }, body })
      }
    } catch (error) {
      this.lost(error)
    } finally {
      this.isSending = false
    }
  }

  private async request(url: string, init: RequestInit = {}): Promise<Response> {
    const answer = await this.fetch(url, { ...init, cache: 'no-store', signal: this.leaving.signal })
    if (!answer.ok) throw new Refusal(`${answer.status}`)
    return answer
  }

  private lost(error: unknown): void {
    if (this.readyState !== CLOSED) this.ended(LOST, String(error))
  }

  private ended(code: number, reason = ''): void {
    this.readyState = CLOSED
    this.leaving.abort()
    this.onclose?.(new CloseEvent('close', { code, reason }))
  }
}

/** The server answered, and said no. */
class Refusal extends Error {}
