/**
 * The face under the speech: where its loop is, when it comes by a frame, and how it takes over.
 *
 * Speech is drawn over the idle loop's own frames, so a reply that begins on the frame that is in
 * sight, and a loop that goes on from the last spoken one, join without a jump. Where another loop is
 * in sight when a reply begins, the service leads from that one's frames into the reply's. While
 * speech covers the loops they stand still: nobody sees them, and a phone is spared the decoding.
 *
 * The service chooses the first frame before it draws, and reckons with a usual delay. How much later
 * than that answers really come into sight, here and today, is learned from one reply to the next.
 */
import { Emitter } from './emitter'
import { loopDistance } from './loop-distance'
import { Loops, type Clip, type LoopElements } from './loops'
import { once } from './once'

export interface IdleFaceEvents {
  /** As `positionMs`, said when the loop starts, begins anew, is moved or exchanged. */
  position: number
}

/** How far ahead a frame of the loop may be to be waited for. */
export const REACH_MS = 120
/** A reply may have been drawn before the service heard of a loop that is newer than this. */
const SETTLED_MS = 400
/** Two pictures closer than this look the same. */
const SAME_MS = 45
/** A seek that takes longer is not waited for; the fade hides the rest. */
const SEEK_MS = 700
/** How much of a miss is made good on the next reply. */
const LEARNING = 0.6
const MAX_LATE_MS = 800

export class IdleFace extends Emitter<IdleFaceEvents> {
  private lastMs = 0
  private lateMs = 0

  private readonly loops: Loops

  constructor(elements: LoopElements) {
    super()
    this.loops = new Loops(elements)
    for (const video of this.loops.all) this.watch(video)
    this.loops.on('changed', () => this.say())
    this.wake()
  }

  /** Which loop is in sight. */
  get clip(): Clip {
    return this.loops.clip
  }

  /** Wishes for another loop; it comes when it can. */
  show(clip: Clip): void {
    this.loops.want(clip)
  }

  private get nowMs(): number {
    return this.video.currentTime * 1000
  }

  /** Milliseconds into the loop, less what the service's reckoning leaves out. */
  get positionMs(): number {
    const durationMs = this.video.duration * 1000
    const ahead = this.nowMs + this.lateMs
    return Math.round(durationMs > 0 ? ahead % durationMs : ahead)
  }

  /** Lets the loop run on, where the browser allows it. */
  wake(): void {
    this.loops.run()
  }

  /** Speech hides the loop from now on. */
  cover(): void {
    this.loops.stand()
  }

  /** The idle loop stands at a second. Resolves when that picture is there to be uncovered. */
  async standAt(seconds: number): Promise<void> {
    this.loops.stand()
    this.loops.toIdle()
    if (!(this.video.duration > 0)) return
    this.video.currentTime = seconds % this.video.duration
    await once(this.video, 'seeked', SEEK_MS)
  }

  /**
   * Waits for the loop to come by a second of it. True when it does, or is there; false, at once,
   * when that is too far off.
   */
  async reaches(seconds: number): Promise<boolean> {
    const { duration, currentTime, paused } = this.video
    if (!(duration > 0)) return false
    const aheadMs = loopDistance(currentTime, seconds, duration) * 1000
    this.learn(-aheadMs)
    if (this.loops.ageMs < SETTLED_MS) return false
    if (Math.abs(aheadMs) <= SAME_MS) return true
    if (paused || aheadMs < 0 || aheadMs > REACH_MS) return false
    await new Promise((resolve) => setTimeout(resolve, aheadMs))
    return true
  }

  private get video(): HTMLVideoElement {
    return this.loops.video
  }

  private watch(video: HTMLVideoElement): void {
    video.addEventListener('playing', () => video === this.video && this.say())
    video.addEventListener('timeupdate', () => {
      if (video !== this.video) return
      if (this.nowMs < this.lastMs) this.say()
      this.lastMs = this.nowMs
    })
  }

  private say(): void {
    this.lastMs = this.nowMs
    this.emit('position', this.positionMs)
  }

  private learn(missMs: number): void {
    const isUsual = Math.abs(missMs) <= MAX_LATE_MS
    if (isUsual) this.lateMs = clamp(this.lateMs + missMs * LEARNING, 0, MAX_LATE_MS)
  }
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most)
