/** Cuts a stream of samples into frames of one length. Pure; runs inside the audio worklet. */
export class FrameCutter {
  private frame: Float32Array
  private filled = 0

  constructor(private readonly length: number) {
    this.frame = new Float32Array(length)
  }

  push(samples: Float32Array): Float32Array[] {
    const frames: Float32Array[] = []
    for (let offset = 0; offset < samples.length; ) {
      const part = samples.subarray(offset, offset + this.length - this.filled)
      this.frame.set(part, this.filled)
      this.filled += part.length
      offset += part.length
      if (this.filled === this.length) {
        frames.push(this.frame)
        this.frame = new Float32Array(this.length)
        this.filled = 0
      }
    }
    return frames
  }
}

/** Loudness of a frame for a meter: 0 at −60 dBFS and below, 1 at full scale. */
export function meterLevel(frame: Float32Array): number {
  const power = frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length
  const decibel = 10 * Math.log10(power + 1e-12)
  return Math.max(0, Math.min(1, 1 + decibel / 60))
}
