/**
 * Which kind of line to try next. Pure.
 *
 * A WebSocket is first choice. Where none ever opens, plain requests are tried; when such a line ends,
 * one more WebSocket is, for the network may have changed.
 */
export type LineKind = 'socket' | 'polling'

/** Failures in a row after which the network is taken to let no WebSocket through. */
const ENOUGH = 2

export class LineChoice {
  private failures = 0

  get next(): LineKind {
    return this.failures < ENOUGH ? 'socket' : 'polling'
  }

  /** A line ended. `wasOpen`: it had come up before. */
  ended(kind: LineKind, wasOpen: boolean): void {
    if (kind === 'polling') this.failures = ENOUGH - 1
    else this.failures = wasOpen ? 0 : this.failures + 1
  }

  /** A socket neither opened nor failed for so long that something must be holding it. */
  gaveUp(): void {
    this.failures = ENOUGH
  }
}
