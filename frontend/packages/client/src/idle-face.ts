/**
 * The idle loop under the speech: where it is, when it comes by a frame, and how it takes over.
 *
 * Speech is drawn over the loop's own frames, so a reply that begins on the frame that is in sight,
 * and a loop that goes on from the last spoken one, join without a jump. While speech covers the
 * loop it stands still: nobody sees it, and a phone is spared the decoding.
 *
 * The service chooses the first frame before it draws, and reckons with a usual delay. How much later
 * than that answers really come into sight, here and today, is learned from one reply to the next.
 */
import { Emitter } from './emitter'
import { once } from './once'

export interface IdleFaceEvents {
  /** As `positionMs`, said when the loop starts, begins anew, or is moved. */
  position: number
}

/** How far ahead a frame of the loop may be to be waited for. */
export const REACH_MS = 120
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

  constructor(private readonly video: HTMLVideoElement) {
    super()
    video.addEventListener('playing', () => this.say())
    video.addEventListener('timeupdate', () => {
      if (this.nowMs < this.lastMs) this.say()
      this.lastMs = this.nowMs
    })
    this.wake()
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
    // A refused idle loop shows its poster until the first gesture; nothing is lost by it.
    this.video.play().catch(() => undefined)
  }

  /** Speech hides the loop from now on. */
  cover(): void {
    this.video.pause()
  }

  /** Stands still at a second of the loop. Resolves when that picture is there to be uncovered. */
  async standAt(seconds: number): Promise<void> {
    this.video.pause()
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
    if (Math.abs(aheadMs) <= SAME_MS) return true
    if (paused || aheadMs < 0 || aheadMs > REACH_MS) return false
    await new Promise((resolve) => setTimeout(resolve, aheadMs))
    return true
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

/** The shorter way round from one second of a loop to another: positive ahead, negative behind. */
export function loopDistance(fromS: number, toS: number, loopS: number): number {
  const ahead = (((toS - fromS) % loopS) + loopS) % loopS
  return ahead > loopS / 2 ? ahead - loopS : ahead
}
