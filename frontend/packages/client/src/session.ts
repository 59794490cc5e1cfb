/**
 * One conversation as a page sees it: connection, player and microphone tied together.
 *
 * Everything a page shows comes out as events; everything a person does goes in as methods.
 */
import { Connection, type ConnectionOptions } from './connection'
import { Emitter } from './emitter'
import { PROTOCOL_VERSION } from './messages'
import { PollingSocket } from './polling-socket'
import { PendingTurn } from './pending-turn'
import { clipOf, INITIAL_FACTS, phaseOf, type Facts, type Phase } from './phase'
import type { ConfigUpdate, Hello, ServerMessage, SessionReady, StateUpdate, VideoFormat } from './protocol'
import type { Recorder } from './recorder'
import type { ReplyPlayer } from './reply-player'

export type Wishes = Pick<Hello, 'avatar' | 'voice' | 'language' | 'role' | 'output' | 'token'>

/** What brings a conversation back. */
export type Resumption = Pick<SessionReady, 'session_id' | 'resume_token'>

export interface SessionEvents {
  phase: Phase
  ready: SessionReady
  /** The line went down; null means that only `retry()` brings it back. */
  down: { retryInMs: number | null; code: number }
  /** What the server says, media and keep-alive aside. */
  message: ServerMessage
  /** A typed turn of which no answer had come was sent again, over another line. */
  resent: string
  /** The text that can be heard now. */
  subtitle: string | null
  microphone: boolean
  level: number
  /** The player or the line left something out; for diagnosis. */
  defect: string
}

export interface SessionOptions {
  /** Where the sockets are, without a slash at the end: `wss://host/ws`. */
  endpoint: string
  player: ReplyPlayer
  recorder: Recorder
  wishes: Wishes
  /** Where channels are opened on networks that let no WebSocket through: `https://host/api/channel`. */
  channels?: string
  /** A conversation of an earlier page to go on with. */
  resumption?: Resumption
  createSocket?: ConnectionOptions['createSocket']
  /** See `setAlpha`. */
  alpha?: boolean
}

export class Session extends Emitter<SessionEvents> {
  private readonly connection: Connection
  private readonly player: ReplyPlayer
  private readonly recorder: Recorder
  private wishes: Wishes
  private known: Resumption | null
  private facts: Facts = INITIAL_FACTS
  private alpha: boolean
  private readonly pending = new PendingTurn()

  constructor(options: SessionOptions) {
    super()
    this.player = options.player
    this.recorder = options.recorder
    this.wishes = options.wishes
    this.known = options.resumption ?? null
    this.alpha = options.alpha ?? false
    const { endpoint, channels, createSocket } = options
    this.connection = new Connection({
      url: () => `${endpoint}/${this.sessionId}`,
      hello: () => this.hello(),
      isNew: () => this.known === null,
      createSocket,
      createFallback: channels
        ? () => new PollingSocket({ endpoint: channels, sessionId: this.sessionId })
        : undefined,
    })
    this.listenToConnection()
    this.listenToPlayer()
    this.listenToRecorder()
  }

  get phase(): Phase {
    return phaseOf(this.facts)
  }

  /** What would bring this conversation back after the page is gone; null when nothing would. */
  get resumption(): Resumption | null {
    return this.known
  }

  open(): void {
    this.connection.open()
  }

  close(): void {
    this.recorder.stop()
    this.player.reset()
    this.connection.close()
  }

  retry(): void {
    this.connection.retry()
  }

  /** A typed turn. Returns false when the line is down. */
  send(text: string): boolean {
    this.unlock()
    if (!this.connection.isOpen) return false
    this.learn({ asked: true })
    this.cut()
    this.sayIdlePosition()
    this.connection.send(this.pending.begin(text))
    return true
  }

  /** The face speaks these words; nobody is asked. Returns false when the line is down. */
  say(text: string): boolean {
    if (!this.connection.isOpen) return false
    this.learn({ asked: true })
    this.pending.drop()
    this.cut()
    this.sayIdlePosition()
    this.connection.send({ type: 'say', text })
    return true
  }

  /** The visitor has gone: the conversation is forgotten here and there, and a new one begins. */
  forget(): void {
    this.recorder.stop()
    this.player.reset()
    this.known = null
    this.pending.drop()
    this.learn({ link: 'new', server: 'idle', microphone: false, asked: false })
    this.emit('microphone', false)
    this.emit('level', 0)
    this.connection.leave({ type: 'goodbye' })
  }

  /** Stop speaking now. */
  interrupt(): void {
    this.pending.drop()
    this.cut()
    this.connection.send({ type: 'interrupt' })
    this.learn({ asked: false })
  }

  /** Opens the microphone. Throws `MicError`. */
  async startListening(): Promise<void> {
    this.unlock()
    await this.recorder.start()
    if (!this.recorder.isRunning) return // stopped on its way, or another start goes on
    this.pending.drop()
    this.cut()
    this.sayListening()
    this.learn({ microphone: true })
    this.emit('microphone', true)
  }

  /** Closes the microphone; what was said so far is understood at once. */
  stopListening(): void {
    this.recorder.stop()
    this.connection.send({ type: 'stop_listen' })
    this.learn({ microphone: false })
    this.emit('microphone', false)
    this.emit('level', 0)
  }

  /** Wishes hold from the next turn on, and over reconnects. */
  configure(changes: Omit<ConfigUpdate, 'type' | 'video'>): void {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined)
    this.wishes = { ...this.wishes, ...Object.fromEntries(given) }
    this.connection.send({ type: 'config_update', ...changes })
  }

  /** Whether videos are to come with a matte below the picture, from the next turn on. */
  setAlpha(alpha: boolean): void {
    if (alpha === this.alpha) return
    this.alpha = alpha
    this.connection.send({ type: 'config_update', video: this.video })
  }

  setVolume(volume: number): void {
    this.player.setVolume(volume)
  }

  /** Call from any click or key, so that the face may sound. */
  unlock(): void {
    this.player.unlock()
  }

  private get sessionId(): string {
    return this.known?.session_id ?? 'new'
  }

  private get video(): VideoFormat {
    return { ...this.player.format, alpha: this.alpha }
  }

  private hello(): Hello {
    const resume_token = this.known?.resume_token
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      video: this.video,
      ...this.wishes,
      ...(resume_token === undefined ? {} : { resume_token }),
    }
  }

  private listenToConnection(): void {
    this.connection.on('message', (message) => this.received(message))
    this.connection.on('media', (media) => this.player.push(media))
    this.connection.on('defect', (defect) => this.emit('defect', defect))
    this.connection.on('closed', (closed) => {
      this.learn({ link: 'down', server: 'idle', asked: false })
      this.emit('down', closed)
    })
  }

  private listenToPlayer(): void {
    this.player.on('state', (player) =>
      this.learn({ player, asked: this.facts.asked && player === 'idle' }),
    )
    this.player.on('playback', (playback) => this.connection.send(playback))
    this.player.on('chunk', (meta) => this.emit('subtitle', meta?.text ?? null))
    this.player.idle.on('position', () => this.sayIdlePosition())
    this.player.on('broken', (meta) => {
      this.emit('defect', `chunk ${meta.chunk_seq} cannot be played`)
      this.connection.send({ type: 'config_update', video: this.video })
    })
  }

  private listenToRecorder(): void {
    this.recorder.on('frame', (samples) => this.heard(samples))
    this.recorder.on('level', (level) => this.emit('level', level))
    this.recorder.on('ended', () => this.stopListening())
  }

  /** Before the greeting nobody listens there; a refusal of sound would be taken for that of a turn. */
  private heard(samples: Int16Array<ArrayBuffer>): void {
    if (this.facts.link === 'up') this.connection.sendAudio(samples)
  }

  private received(message: ServerMessage): void {
    const { current } = this.connection.generations
    if ((message.generation_id ?? current) >= current) this.pending.received(message)
    if (message.type === 'session_ready') this.greeted(message)
    else if (message.type === 'state_update') this.moved(message.state)
    else if (message.type === 'playback_control') this.player[message.action]()
    else if (message.type === 'error') this.learn({ asked: false })
    const generation = message.generation_id ?? 0
    const isCut = message.type === 'turn_end' && message.reason === 'interrupted'
    this.player.dropBefore(isCut ? generation + 1 : generation)
    if (message.type === 'turn_end') this.player.conclude()
    this.emit('message', message)
  }

  /** A turn that cuts another is announced by the end of the other; the question still stands then. */
  private moved(server: StateUpdate['state']): void {
    const answered = server === 'thinking' || server === 'speaking'
    this.learn({ server, asked: this.facts.asked && !answered })
  }

  private greeted(ready: SessionReady): void {
    // Another connection, another count: what still plays belongs to nobody.
    this.player.reset()
    const { session_id, resume_token, capabilities } = ready
    this.known = capabilities.includes('resume') ? { session_id, resume_token } : null
    this.learn({ link: 'up' })
    this.sayIdlePosition()
    if (this.facts.microphone) this.sayListening()
    this.emit('ready', ready)
    this.sendAgain(ready)
  }

  /** The line may have ended before the server took a turn: one that leaves closes it at any time. */
  private sendAgain({ answered }: SessionReady): void {
    const turn = this.pending.over(answered)
    if (!turn) return
    this.learn({ asked: true })
    this.connection.send(turn)
    this.emit('resent', turn.text)
  }

  /** Before the word that cuts: the server must know first how far the reply was heard. */
  private cut(): void {
    this.connection.generations.cut()
    this.player.interrupt()
  }

  private sayListening(): void {
    const echo_cancellation = this.recorder.echoCancellation
    this.connection.send({ type: 'start_listen', echo_cancellation })
  }

  /** So that speech can begin on the very frame that is in sight. */
  private sayIdlePosition(): void {
    const { positionMs, clip } = this.player.idle
    this.connection.send({ type: 'idle_position', position_ms: positionMs, clip })
  }

  private learn(news: Partial<Facts>): void {
    const before = this.phase
    this.facts = { ...this.facts, ...news }
    if (this.phase === before) return
    this.player.idle.show(clipOf(this.phase))
    this.emit('phase', this.phase)
  }
}
