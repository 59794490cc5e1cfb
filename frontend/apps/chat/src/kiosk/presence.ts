/** From single looks at the hall to "somebody is there, and was not welcomed yet". Pure. */

/** A face that is there this long wants something. */
export const STAYED_MS = 1_200
/** Who was not seen for so long has left: the next face is somebody else. */
export const LEFT_MS = 5_000

export class Presence {
  private firstMs: number | null = null
  private lastMs = -Infinity
  private isKnown = false

  /** One look. True while somebody stays who was not welcomed. */
  looked(seesFace: boolean, nowMs: number): boolean {
    if (nowMs - this.lastMs >= LEFT_MS) {
      this.firstMs = null
      this.isKnown = false
    }
    if (!seesFace) return false
    this.lastMs = nowMs
    this.firstMs ??= nowMs
    return !this.isKnown && nowMs - this.firstMs >= STAYED_MS
  }

  /** Whoever is there now needs no other welcome. */
  welcomed(): void {
    this.isKnown = true
  }
}
