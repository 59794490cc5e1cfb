/**
 * Microphone rate → 16 kHz, as a stream. Pure; runs inside the audio worklet.
 *
 * A polyphase windowed-sinc filter: every output sample is the inner product of one kernel phase with
 * the newest input samples. The low-pass ends below the new Nyquist frequency, so that what 16 kHz
 * cannot hold is removed and not folded into speech.
 */
const TARGET_RATE = 16_000
const CUTOFF_HZ = 7_300
const TRANSITION_HZ = 1_400
/** Width of a Blackman window's main lobe, in transition bands (Harris 1978). */
const BLACKMAN_LOBE = 5.5

export class Resampler {
  private readonly step: number
  private readonly phases: Float32Array[]
  private readonly taps: number
  private history: Float32Array
  /** Position of the next output, in units of 1/phases.length input samples past the history. */
  private position = 0

  constructor(inputRate: number) {
    const divisor = gcd(inputRate, TARGET_RATE)
    const phaseCount = TARGET_RATE / divisor
    this.step = inputRate / divisor
    this.taps = Math.ceil((BLACKMAN_LOBE * inputRate) / TRANSITION_HZ) | 1
    this.phases = Array.from({ length: phaseCount }, (_, phase) =>
      kernel(phase / phaseCount, this.taps, CUTOFF_HZ / inputRate),
    )
    this.history = new Float32Array(this.taps - 1)
  }

  /** Samples that can be made so far; the rest waits for the next call. */
  push(input: Float32Array): Float32Array {
    const signal = new Float32Array(this.history.length + input.length)
    signal.set(this.history)
    signal.set(input, this.history.length)
    const count = this.phases.length
    const output: number[] = []
    let offset = Math.floor(this.position / count)
    while (offset + this.taps <= signal.length) {
      output.push(dot(signal, offset, this.phases[this.position % count]!))
      this.position += this.step
      offset = Math.floor(this.position / count)
    }
    this.history = signal.slice(input.length)
    this.position -= input.length * count
    return Float32Array.from(output)
  }
}

/** Float −1…1 → s16le; what is louder is clipped. */
export function toInt16(samples: Float32Array): Int16Array<ArrayBuffer> {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767))
}

function kernel(delay: number, taps: number, cutoff: number): Float32Array {
  const centre = (taps - 1) / 2
  const weights = Float32Array.from({ length: taps }, (_, tap) => {
    const x = tap - centre - delay
    const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x)
    return sinc * blackman((x + centre + 1) / (taps + 1))
  })
  const gain = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / gain)
}

function blackman(x: number): number {
  if (x <= 0 || x >= 1) return 0
  return 0.42 - 0.5 * Math.cos(2 * Math.PI * x) + 0.08 * Math.cos(4 * Math.PI * x)
}

function dot(signal: Float32Array, offset: number, weights: Float32Array): number {
  let sum = 0
  for (let tap = 0; tap < weights.length; tap += 1) sum += signal[offset + tap]! * weights[tap]!
  return sum
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
