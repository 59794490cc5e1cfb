/**
 * Plays a reply that comes as one stream: pieces go into a media source as they arrive and one
 * element plays them without a seam, over the idle face.
 *
 * One reply is one `Reel`. While nothing is said, the next reel is already open on the element, so
 * that the first piece only has to be put in. What happens when is decided by `Timeline` (which chunk
 * sounds), `Cushion` (how much must lie ready) and `Seam` (how it comes into sight); this room only
 * moves the element and tells.
 */
import { Cushion, Filling } from './cushion'
import { FADE_OUT_MS } from './curtain'
import { Emitter } from './emitter'
import type { IdleFace } from './idle-face'
import { USUAL_STREAM } from './media-source'
import type { StreamMedia } from './messages'
import { watchFrames } from './painted'
import { playbackOf, type PlayerEvents, type PlayerState } from './player'
import type { Playback } from './protocol'
import { beginsStream, Reel } from './reel'
import { Seam } from './seam'
import { Timeline } from './timeline'

/**
 * `empty`: no reply; `filling`: not enough lies ready; `joining`: waits for the idle face to come by
 * the first frame; `playing`; `dry`: all that came has been played, and more may come; `aside`: the
 * same, while another player has the word.
 */
type Act = 'empty' | 'filling' | 'joining' | 'playing' | 'dry' | 'aside'

/** How long the last picture stays when nothing follows yet; a late piece then needs no way back. */
const HOLD_MS = 500
/** Closer to the end than this, an element that has stopped has played everything. */
const END_S = 0.15

type Timer = ReturnType<typeof setTimeout>

export class StreamPlayer extends Emitter<PlayerEvents> {
  private act: Act = 'empty'
  private held = false
  private refused = false
  private concluded = false
  private reel!: Reel
  private timeline = new Timeline()
  private readonly cushion = new Cushion()
  private readonly seam: Seam
  private told: PlayerState = 'idle'
  private mime = USUAL_STREAM
  /** Grows whenever what was going on is overtaken, so that what still waits knows it is stale. */
  private turn = 0
  private primed = false
  private filling = new Filling(0, 0)
  private hold: Timer | undefined
  private renewal: Timer | undefined

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly idle: IdleFace,
  ) {
    super()
    this.seam = new Seam(video, idle)
    video.addEventListener('waiting', () => this.stalled())
    video.addEventListener('ended', () => this.ranDry())
    video.addEventListener('error', () => this.failed())
    watchFrames(video, (timeS) => this.shown(timeS))
    this.renew()
  }

  get state(): PlayerState {
    return this.told
  }

  /** Nothing is left to be played. */
  get isDry(): boolean {
    return this.act === 'empty' || this.act === 'dry' || this.act === 'aside'
  }

  push({ meta, data }: StreamMedia): void {
    if (this.act === 'empty') this.begin()
    const begins = beginsStream(data) ? { mime: meta.mime, atS: meta.start_ms / 1000 } : undefined
    this.mime = meta.mime
    this.timeline.add(meta)
    this.reel.append({ data, begins })
    if (this.act === 'dry') this.refill(meta)
    else if (this.act === 'aside') this.startFilling(this.cushion.toStartS)
  }

  /** The reply goes on elsewhere for a while. */
  stepAside(): void {
    if (this.act !== 'dry') return
    this.act = 'aside'
    void this.leave()
  }

  conclude(): void {
    if (this.act === 'empty') return
    this.concluded = true
    this.reel.end()
    if (this.act === 'filling') this.fill()
    else if (this.act === 'dry' || this.act === 'aside') void this.leave()
  }

  /** Silence at once; the reply is dropped. */
  silence(): void {
    if (this.act === 'empty') return
    this.video.pause()
    this.concluded = true
    void this.leave()
  }

  /** What the server needs to know before a reply is cut: how far it was heard. */
  reportStopped(): void {
    this.report('stopped')
  }

  pause(): void {
    if (this.held || this.act === 'empty') return
    this.held = true
    this.turn += 1
    this.video.pause()
    clearTimeout(this.hold)
    this.report('paused')
    this.tell()
    void this.uncoverIdle()
  }

  resume(): void {
    if (!this.held) return
    this.held = false
    this.report('resumed')
    if (this.act === 'playing' || this.act === 'joining') void this.play()
    else if (this.act === 'filling') this.fill()
    else if (this.act === 'dry') this.ranDry()
    this.tell()
  }

  setVolume(volume: number): void {
    this.video.volume = volume
    this.video.muted = volume === 0
  }

  unlock(): void {
    if (this.refused) {
      void this.play()
    } else if (!this.primed && this.act === 'empty') {
      // Some browsers remember that a gesture once played this very element; it may well refuse.
      this.video.play().catch(() => undefined)
      this.video.pause()
    }
    this.primed = true
  }

  // ------------------------------------------------------------------ from pieces to playing

  private begin(): void {
    clearTimeout(this.renewal)
    if (!this.timeline.isEmpty) this.renew()
    this.turn += 1
    this.startFilling(this.cushion.toStartS)
  }

  private startFilling(neededS: number): void {
    this.act = 'filling'
    this.filling = new Filling(neededS, performance.now() / 1000)
    setTimeout(() => this.fill(), neededS * 1000 + 10)
  }

  /** More has come after everything had been played: a wider cushion before it goes on. */
  private refill(meta: StreamMedia['meta']): void {
    clearTimeout(this.hold)
    this.cushion.ranDry()
    this.emit('playback', playbackOf(meta, 'underrun', 0))
    this.video.pause()
    this.startFilling(this.cushion.toGoOnS)
  }

  private fill(): void {
    if (this.act !== 'filling' || this.held) return
    this.hop()
    const aheadS = this.reel.aheadS(this.video.currentTime)
    const isComplete = this.concluded && this.reel.isSettled
    if (this.filling.isEnough(aheadS, performance.now() / 1000, isComplete)) void this.join()
  }

  /** Over a hole in the stream, such as a sentence that was sound only leaves behind. */
  private hop(): void {
    const { currentTime } = this.video
    if (this.reel.aheadS(currentTime) > 0.05) return
    const next = this.timeline.nextStartS(currentTime)
    if (next !== null && this.reel.aheadS(next) > 0) this.video.currentTime = next
  }

  /** Into sight at the moment at which the idle face looks the same. */
  private async join(): Promise<void> {
    const turn = ++this.turn
    this.act = 'joining'
    const fadeMs = await this.seam.meet(this.loopS)
    if (turn === this.turn) await this.play(fadeMs)
  }

  private async play(fadeMs?: number): Promise<void> {
    const turn = ++this.turn
    this.refused = false
    try {
      await this.video.play()
    } catch (error) {
      if (turn === this.turn) this.notPlayed(error)
      return
    }
    if (turn !== this.turn) return
    this.act = 'playing'
    this.seam.open(fadeMs)
    this.tell()
  }

  private notPlayed(error: unknown): void {
    if (error instanceof DOMException && error.name === 'NotAllowedError') {
      this.refused = true
      this.tell()
    } else {
      this.failed()
    }
  }

  // ------------------------------------------------------------------ while it plays

  private shown(timeS: number): void {
    if (this.act === 'playing') this.moveOn(timeS)
  }

  private moveOn(timeS: number): void {
    for (const { meta, event, positionMs } of this.timeline.advance(timeS)) {
      this.emit('playback', playbackOf(meta, event, positionMs))
      if (event === 'started') {
        this.emit('chunk', meta)
        this.reel.passed(meta.start_ms / 1000)
      } else {
        this.cushion.played(meta.duration_ms / 1000)
      }
    }
  }

  private stalled(): void {
    if (this.act !== 'playing' || this.held) return
    const isOver = this.timeline.endS - this.video.currentTime < END_S
    if (!isOver) this.hop()
    else if (this.reel.isSettled) this.ranDry()
  }

  private ranDry(): void {
    if (this.act === 'empty' || this.held) return
    this.act = 'dry'
    for (const { meta, event, positionMs } of this.timeline.finish()) {
      this.emit('playback', playbackOf(meta, event, positionMs))
    }
    if (this.concluded) {
      void this.leave()
    } else {
      this.hold = setTimeout(() => void this.leave(), HOLD_MS)
      this.emit('dry', undefined)
    }
  }

  private failed(): void {
    if (this.act === 'empty') return
    const meta = this.timeline.at(this.video.currentTime)
    if (meta) this.emit('broken', meta)
    // The server waits for these words; without them it would wait for the whole of the reply.
    this.concluded = true
    this.held = false
    this.ranDry()
  }

  // ------------------------------------------------------------------ and back to the idle face

  /** Uncovers the idle face; the reel goes too when the reply is over. */
  private async leave(): Promise<void> {
    clearTimeout(this.hold)
    const turn = ++this.turn
    this.held = this.refused = false
    if (this.concluded) this.act = 'empty'
    this.emit('chunk', null)
    this.tell()
    await this.uncoverIdle()
    if (turn !== this.turn) return
    this.idle.wake()
    if (this.concluded) this.renewal = setTimeout(() => this.renew(), FADE_OUT_MS + 50)
  }

  private async uncoverIdle(): Promise<void> {
    const turn = this.turn
    await this.seam.close(this.loopS, () => turn !== this.turn)
    if (turn === this.turn) this.tell()
  }

  /** A fresh reel, open and waiting for its first piece. */
  private renew(): void {
    clearTimeout(this.renewal)
    this.seam.hide()
    this.reel?.dispose()
    this.timeline = new Timeline()
    this.concluded = false
    const reel = new Reel(this.video, this.mime)
    this.reel = reel
    reel.on('appended', () => this.fill())
    reel.on('failed', () => reel === this.reel && this.failed())
  }

  /** The second of the idle loop whose head is in sight. */
  private get loopS(): number {
    return this.timeline.loopS(this.video.currentTime)
  }

  // ------------------------------------------------------------------ what is told

  private report(event: Playback['event']): void {
    const meta = this.timeline.current
    if (!meta) return
    const positionMs = this.timeline.positionMs(meta, this.video.currentTime)
    this.emit('playback', playbackOf(meta, event, positionMs))
  }

  private tell(): void {
    const state = this.stateNow()
    if (state === this.told) return
    this.told = state
    this.emit('state', state)
  }

  private stateNow(): PlayerState {
    if (this.held) return 'paused'
    if (this.refused) return 'blocked'
    return this.seam.isOpen && this.act !== 'empty' ? 'playing' : 'idle'
  }
}
