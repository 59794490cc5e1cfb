/**
 * One lasting connection to the service: it greets, keeps alive, comes back by itself, and hands out
 * whole messages. What they mean is the session's business.
 */
import { Backoff } from './backoff'
import { Emitter } from './emitter'
import { GenerationFilter } from './generation'
import { LineChoice, type LineKind } from './line-choice'
import { isMediaMeta, parseServerMessage, type Media } from './messages'
import { MediaPairing } from './pairing'
import type { ClientMessage, Hello, ServerMessage } from './protocol'
import type { Socket } from './socket'

/** Closes a line whose session goes on over a newer one. */
export const TAKEN_OVER = 4001
/** Codes after which coming back unasked would only be refused again, or take from somebody. */
const REFUSED = new Set([1008, TAKEN_OVER])
/** Closes a line that came while all places of its backend were taken. */
const FULL = 1013
/** Further attempts of a newcomer, each of which may lead to another backend, before the house is full. */
const KNOCKS = 5
const KNOCKING = { firstMs: 100, maxMs: 400, factor: 1.5, jitter: 0.5 }
const PING_EVERY_MS = 15_000
const PONG_WITHIN_MS = 10_000
/** A line that takes longer to open is held by something on the way, such as a network that is cut. */
const OPEN_WITHIN_MS: Record<LineKind, number> = { socket: 4_000, polling: 10_000 }
/** How long a last word may take to be answered with the end of the line. */
const HEARD_WITHIN_MS = 1_000

export interface ConnectionEvents {
  /** The line is down. `retryInMs` is null when only `retry()` brings it back. */
  closed: { code: number; retryInMs: number | null; attempt: number }
  message: ServerMessage
  media: Media
  /** The server broke the contract; the frame was dropped. */
  defect: string
}

export interface ConnectionOptions {
  /** Asked before every attempt, so that a resumed session may go to another address. */
  url: () => string
  hello: () => Hello
  /** Nothing is lost at another backend: no conversation has begun. */
  isNew: () => boolean
  backoff?: Backoff
  createSocket?: (url: string) => Socket
  /** A line for networks that let no WebSocket through. */
  createFallback?: () => Socket
}

type Timer = ReturnType<typeof setTimeout>

export class Connection extends Emitter<ConnectionEvents> {
  readonly generations = new GenerationFilter()
  private readonly pairing = new MediaPairing()
  private readonly backoff: Backoff
  private readonly knocking = new Backoff(KNOCKING)
  private readonly choice = new LineChoice()
  private socket: Socket | null = null
  /** The last word was said on it; all that is awaited of it is its end. */
  private left: Socket | null = null
  private kind: LineKind = 'socket'
  private wasOpen = false
  /** The server said that it will not go on with us. */
  private dismissed = false
  private retryTimer: Timer | undefined
  private openTimer: Timer | undefined
  private pingTimer: Timer | undefined
  private pongTimer: Timer | undefined

  constructor(private readonly options: ConnectionOptions) {
    super()
    this.backoff = options.backoff ?? new Backoff()
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN
  }

  /** Connects and stays connected until `close()`. */
  open(): void {
    if (this.socket) return
    clearTimeout(this.retryTimer)
    this.dismissed = false
    const socket = this.createSocket()
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    this.wasOpen = false
    socket.onopen = () => this.opened()
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.received(event.data)
    socket.onclose = (event) => this.lost(event.code)
  }

  close(): void {
    clearTimeout(this.retryTimer)
    this.forget()?.close(1000)
    if (this.left) this.left.onclose = null
    this.left?.close(1000)
    this.left = null
  }

  /** Says a last word, and begins anew on another line as soon as the server has let go of this one. */
  leave(lastWord: ClientMessage): void {
    const socket = this.send(lastWord) ? this.forget() : null
    if (!socket) {
      this.renew()
      return
    }
    this.choice.ended(this.kind, this.wasOpen)
    this.left = socket
    socket.onclose = () => this.renew()
    this.retryTimer = setTimeout(() => this.renew(), HEARD_WITHIN_MS)
  }

  private renew(): void {
    this.close()
    this.backoff.reset()
    this.knocking.reset()
    this.open()
  }

  /** Comes back now instead of waiting. */
  retry(): void {
    if (!this.isOpen) this.renew()
  }

  /** Returns false when the line is down; nothing is kept for later. */
  send(message: ClientMessage): boolean {
    return this.write(JSON.stringify(message))
  }

  /** Microphone samples: s16le, 16 kHz, mono. */
  sendAudio(samples: Int16Array<ArrayBuffer>): boolean {
    return this.write(samples)
  }

  private write(data: string | Int16Array<ArrayBuffer>): boolean {
    if (!this.isOpen) return false
    this.socket?.send(data)
    return true
  }

  private createSocket(): Socket {
    const { url, createSocket, createFallback } = this.options
    this.kind = createFallback ? this.choice.next : 'socket'
    if (createFallback) this.openTimer = setTimeout(() => this.giveUp(), OPEN_WITHIN_MS[this.kind])
    if (this.kind === 'polling') return createFallback!()
    return createSocket?.(url()) ?? new WebSocket(url())
  }

  private giveUp(): void {
    this.forget()?.close()
    if (this.kind === 'polling') {
      this.lost(1006)
    } else {
      this.choice.gaveUp()
      this.open()
    }
  }

  private opened(): void {
    clearTimeout(this.openTimer)
    this.wasOpen = true
    this.pairing.reset()
    this.generations.reset()
    this.send(this.options.hello())
    this.schedulePing()
  }

  private received(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.receivedText(data)
    else this.receivedBinary(data)
  }

  private receivedText(text: string): void {
    const message = parseServerMessage(text)
    if (!message) {
      this.emit('defect', 'a text frame that is not a message')
      return
    }
    const defect = this.pairing.text(isMediaMeta(message) ? message : null)
    if (defect) this.emit('defect', defect)
    if (message.type === 'session_ready') this.greeted()
    if (message.type === 'error' && message.code === 'session_limit_reached') {
      if (!this.mayKnockAgain) this.emit('message', message)
      return
    }
    if (message.type === 'error' && !message.recoverable) this.dismissed = true
    if (message.type === 'pong') this.ponged()
    // A meta waits for its media; the pair is judged as one.
    else if (!isMediaMeta(message) && this.generations.accepts(message)) this.emit('message', message)
  }

  private greeted(): void {
    this.backoff.reset()
    this.knocking.reset()
  }

  private receivedBinary(data: ArrayBuffer): void {
    const paired = this.pairing.binary(data)
    if ('defect' in paired) this.emit('defect', paired.defect)
    else if (this.generations.accepts(paired.media.meta)) this.emit('media', paired.media)
  }

  private lost(code: number): void {
    this.forget()
    this.choice.ended(this.kind, this.wasOpen)
    if (code === FULL && this.mayKnockAgain) {
      this.retryTimer = setTimeout(() => this.open(), this.knocking.nextMs())
      return
    }
    if (this.dismissed || REFUSED.has(code) || (code === FULL && this.options.isNew())) {
      this.emit('closed', { code, retryInMs: null, attempt: this.backoff.attempts })
      return
    }
    const retryInMs = this.backoff.nextMs()
    this.retryTimer = setTimeout(() => this.open(), retryInMs)
    this.emit('closed', { code, retryInMs, attempt: this.backoff.attempts })
  }

  /** A conversation that has begun waits for its place instead: its backend may be about to restart. */
  private get mayKnockAgain(): boolean {
    return this.options.isNew() && this.knocking.attempts < KNOCKS
  }

  private schedulePing(): void {
    this.pingTimer = setTimeout(() => {
      this.send({ type: 'ping', t: performance.now() })
      // A half-open line looks healthy for minutes; a missing pong shows it.
      this.pongTimer = setTimeout(() => {
        this.forget()?.close()
        this.lost(1006)
      }, PONG_WITHIN_MS)
    }, PING_EVERY_MS)
  }

  private ponged(): void {
    clearTimeout(this.pongTimer)
    this.schedulePing()
  }

  /** Lets go of the socket, so that nothing it still says is heard. */
  private forget(): Socket | null {
    clearTimeout(this.openTimer)
    clearTimeout(this.pingTimer)
    clearTimeout(this.pongTimer)
    const socket = this.socket
    this.socket = null
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null
    return socket
  }
}
