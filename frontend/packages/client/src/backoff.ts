/** Waiting times between attempts to connect: exponential, capped, with jitter. Pure. */
export interface BackoffOptions {
  firstMs: number
  maxMs: number
  factor: number
  /** Part of the wait that is drawn by chance, 0…1, so that clients do not return in step. */
  jitter: number
}

export const DEFAULT_BACKOFF: BackoffOptions = { firstMs: 400, maxMs: 6_000, factor: 2, jitter: 0.4 }

export class Backoff {
  private failures = 0

  constructor(
    private readonly options: BackoffOptions = DEFAULT_BACKOFF,
    private readonly random: () => number = Math.random,
  ) {}

  get attempts(): number {
    return this.failures
  }

  /** Milliseconds to wait before the next attempt. */
  nextMs(): number {
    const { firstMs, maxMs, factor, jitter } = this.options
    const full = Math.min(maxMs, firstMs * factor ** this.failures)
    this.failures += 1
    return Math.round(full * (1 - jitter * this.random()))
  }

  reset(): void {
    this.failures = 0
  }
}
