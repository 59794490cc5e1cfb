/**
 * How much of a stream must lie ready before it plays. Pure: seconds in, a verdict out.
 *
 * A reply begins on a thin cushion, for the sake of an early first word. Each time it runs dry the
 * line has shown itself to be slower than that, so the next start waits for twice as much; minutes of
 * undisturbed playing earn the thin cushion back.
 */
export interface CushionOptions {
  startS: number
  maxS: number
  /** Undisturbed seconds after which half of what was added is gone. */
  halfLifeS: number
}

export const DEFAULT_CUSHION: CushionOptions = { startS: 0.2, maxS: 2, halfLifeS: 30 }

export class Cushion {
  private added = 0

  constructor(private readonly options: CushionOptions = DEFAULT_CUSHION) {}

  /** Seconds that must be ahead. */
  get neededS(): number {
    return this.options.startS + this.added
  }

  /**
   * `waitedS`: since the wait began; a wait as long as the cushion itself is long enough for the
   * short end of a reply. `isComplete`: nothing more will come, so waiting for more is in vain.
   */
  isEnough(aheadS: number, waitedS: number, isComplete: boolean): boolean {
    if (aheadS <= 0) return false
    return isComplete || aheadS >= this.neededS || waitedS >= this.neededS
  }

  ranDry(): void {
    const { startS, maxS } = this.options
    this.added = Math.min(maxS, this.neededS * 2) - startS
  }

  /** So many seconds were played without a break. */
  played(seconds: number): void {
    this.added *= 0.5 ** (seconds / this.options.halfLifeS)
  }
}
