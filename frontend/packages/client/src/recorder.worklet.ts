/**
 * The microphone's end of the audio thread: native rate in, 512-sample Int16 frames at 16 kHz out.
 * Bundlers must emit this file as a script of its own; its address goes to `Recorder`.
 */
import { FrameCutter, meterLevel } from './frame-cutter'
import { Resampler, toInt16 } from './resampler'

/** The scope of an audio worklet, which the DOM library of TypeScript does not describe. */
declare const sampleRate: number
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void

export interface RecorderFrame {
  samples: Int16Array<ArrayBuffer>
  level: number
}

class RecorderProcessor extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate)
  private readonly cutter = new FrameCutter(512)

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0]
    if (!channel) return true
    for (const frame of this.cutter.push(this.resampler.push(channel))) {
      const message: RecorderFrame = { samples: toInt16(frame), level: meterLevel(frame) }
      this.port.postMessage(message, [message.samples.buffer])
    }
    return true
  }
}

registerProcessor('avatar-chat-recorder', RecorderProcessor)
