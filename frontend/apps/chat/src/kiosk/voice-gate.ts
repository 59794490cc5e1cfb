/**
 * Tells somebody who speaks to the screen from the noise of a hall, by loudness alone. Pure.
 *
 * A hall has its own loudness, which changes slowly; a voice nearby stands out of it, again and again
 * within a second. A door that slams stands out once.
 */

/** 512 samples at 16 kHz, as the recorder cuts them. */
const FRAME_MS = 32
/** On the meter's scale, where 1 is 60 dB. */
const ABOVE_NOISE = 0.2
const LEAST = 0.35
const WINDOW_FRAMES = Math.round(1200 / FRAME_MS)
const LOUD_FRAMES = Math.round(350 / FRAME_MS)
/** The noise falls at once and rises over half a minute. */
const FALL = 0.15
const RISE = FRAME_MS / 30_000

export class VoiceGate {
  private noise: number | null = null
  private recent: boolean[] = []

  /** One frame's level, 0…1. True when somebody speaks; then it begins anew. */
  push(level: number): boolean {
    this.noise ??= level
    const isLoud = level >= LEAST && level >= this.noise + ABOVE_NOISE
    this.noise += (level - this.noise) * (level < this.noise ? FALL : RISE)
    this.recent = [...this.recent.slice(1 - WINDOW_FRAMES), isLoud]
    if (this.recent.filter(Boolean).length < LOUD_FRAMES) return false
    this.recent = []
    return true
  }
}
