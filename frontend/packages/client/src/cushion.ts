/**
 * How much of a stream must lie ready before it plays. Pure: seconds in, a verdict out.
 *
 * A reply always begins on a thin cushion, for the sake of an early first word. Each time it runs dry
 * the line has shown itself to be slower than that, so it goes on only with twice as much; a minute of
 * undisturbed playing earns the thin cushion back.
 */
export interface CushionOptions {
  startS: number
  maxS: number
  /** Undisturbed seconds after which half of what was added is gone. */
  halfLifeS: number
}

export const DEFAULT_CUSHION: CushionOptions = { startS: 0.2, maxS: 2, halfLifeS: 20 }

export class Cushion {
  private added = 0

  constructor(private readonly options: CushionOptions = DEFAULT_CUSHION) {}

  /** Seconds that must be ahead to begin. */
  get toStartS(): number {
    return this.options.startS
  }

  /** Seconds that must be ahead to go on after it ran dry. */
  get toGoOnS(): number {
    return this.options.startS + this.added
  }

  ranDry(): void {
    const { startS, maxS } = this.options
    this.added = Math.min(maxS, this.toGoOnS * 2) - startS
  }

  /** So many seconds were played without a break. */
  played(seconds: number): void {
    this.added *= 0.5 ** (seconds / this.options.halfLifeS)
  }
}

/** One wait for a cushion. */
export class Filling {
  constructor(
    readonly neededS: number,
    private readonly sinceS: number,
  ) {}

  /**
   * A wait as long as the cushion itself is long enough, for the short end of a reply. `isComplete`:
   * nothing more will come, so waiting for more is in vain.
   */
  isEnough(aheadS: number, nowS: number, isComplete: boolean): boolean {
    const isWaitedOut = nowS - this.sinceS >= this.neededS
    return aheadS > 0 && (isComplete || isWaitedOut || aheadS >= this.neededS)
  }
}
