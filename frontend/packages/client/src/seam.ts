/**
 * Where a streamed reply and the idle face meet: into sight when both look the same, out of sight
 * when the loop stands on the very head that was spoken last.
 */
import { conceal, FADE_IN_MS, FADE_OUT_MS, isInSight, reveal } from './curtain'
import type { IdleFace } from './idle-face'
import { once } from './once'

const HAVE_CURRENT_DATA = 2
/** A first picture that takes longer to be decoded is not waited for. */
const PICTURE_MS = 150

export class Seam {
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly idle: IdleFace,
  ) {
    this.hide()
  }

  /** The reply is in sight. */
  get isOpen(): boolean {
    return isInSight(this.video)
  }

  /** Waits for the moment to come into sight. Resolves with how long to fade in, in milliseconds. */
  async meet(loopS: number): Promise<number> {
    if (this.isOpen) return 0
    const hasPicture = this.video.readyState >= HAVE_CURRENT_DATA
    if (!hasPicture) await once(this.video, 'loadeddata', PICTURE_MS)
    const matches = await this.idle.reaches(loopS)
    return matches ? 0 : FADE_IN_MS
  }

  open(fadeMs = FADE_IN_MS): void {
    if (!this.isOpen) reveal(this.video, fadeMs)
    this.idle.cover()
  }

  /** The loop takes over and stands. `isStale`, asked late, says that something else has begun. */
  async close(loopS: number, isStale: () => boolean): Promise<void> {
    if (!this.isOpen) return
    await this.idle.standAt(loopS)
    if (!isStale()) conceal(this.video, FADE_OUT_MS)
  }

  /** At once, without ceremony. */
  hide(): void {
    conceal(this.video, 0)
    this.idle.wake()
  }
}
