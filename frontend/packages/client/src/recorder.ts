/**
 * The microphone: permission, capture and level. Frames come from the worklet ready to be sent.
 */
import { Emitter } from './emitter'
import type { RecorderFrame } from './recorder.worklet'

export type MicFailure = 'denied' | 'no_device' | 'in_use' | 'insecure' | 'unsupported'

/** Why the microphone cannot be used, in a form that a page can put into words. */
export class MicError extends Error {
  constructor(
    readonly reason: MicFailure,
    cause?: unknown,
  ) {
    super(`microphone: ${reason}`, { cause })
  }
}

export interface RecorderEvents {
  /** 512 samples, s16le, 16 kHz, mono. */
  frame: Int16Array<ArrayBuffer>
  /** 0…1, about 31 times a second. */
  level: number
  /** The device went away, fell silent for good, or the user took the permission back. */
  ended: undefined
}

const REASONS: Record<string, MicFailure> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'no_device',
  OverconstrainedError: 'no_device',
  NotReadableError: 'in_use',
  AbortError: 'in_use',
}

/** A context that takes longer waits for what may never come: a gesture, or a sound server that is dead. */
const START_MS = 2_000
/** Frames come 31 times a second. Where none has come for so long, nobody is heard any more. */
const SILENT_MS = 3_000

export class Recorder extends Emitter<RecorderEvents> {
  private stream: MediaStream | null = null
  private context: AudioContext | null = null
  private silence: ReturnType<typeof setTimeout> | undefined

  /** `workletUrl`: where `recorder.worklet` is served from. */
  constructor(private readonly workletUrl: string) {
    super()
  }

  get isRunning(): boolean {
    return this.context !== null
  }

  /** Whether the device really takes the speaker's sound out; null when the browser does not say. */
  get echoCancellation(): boolean | null {
    const [track] = this.stream?.getAudioTracks() ?? []
    // Newer browsers name the way it is done instead of saying yes.
    const setting: unknown = track?.getSettings().echoCancellation
    return setting === undefined ? null : setting !== false
  }

  /** Asks for the microphone and starts. Throws `MicError`. */
  async start(): Promise<void> {
    if (this.context) return
    const stream = await openMicrophone()
    if (this.stream) {
      close(stream) // another start was faster
      return
    }
    this.stream = stream
    try {
      const context = await this.capture(stream)
      if (this.stream === stream) this.runs(context)
      else void context.close() // stopped meanwhile
    } catch (error) {
      if (this.stream === stream) this.stop()
      throw new MicError('unsupported', error)
    }
  }

  stop(): void {
    clearTimeout(this.silence)
    if (this.stream) close(this.stream)
    void this.context?.close()
    this.stream = null
    this.context = null
  }

  private async capture(stream: MediaStream): Promise<AudioContext> {
    const context = new AudioContext()
    try {
      await context.audioWorklet.addModule(this.workletUrl)
      await started(context)
      this.connect(stream, context)
    } catch (error) {
      void context.close()
      throw error
    }
    return context
  }

  private connect(stream: MediaStream, context: AudioContext): void {
    const node = new AudioWorkletNode(context, 'avatar-chat-recorder', { channelCount: 1 })
    node.port.onmessage = (event: MessageEvent<RecorderFrame>) => {
      if (this.context !== context) return // stopped while it was on its way
      this.watch()
      this.emit('frame', event.data.samples)
      this.emit('level', event.data.level)
    }
    context.createMediaStreamSource(stream).connect(node)
    // A node that leads nowhere is not run by every browser; this one stays silent.
    node.connect(context.destination)
    for (const track of stream.getAudioTracks()) track.onended = () => this.lost()
  }

  private runs(context: AudioContext): void {
    this.context = context
    this.watch()
  }

  /** A context may stop without a word, and its device with it. */
  private watch(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.lost(), SILENT_MS)
  }

  private lost(): void {
    this.stop()
    this.emit('ended', undefined)
  }
}

async function started(context: AudioContext): Promise<void> {
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, START_MS))])
  if (context.state !== 'running') throw new Error(`the audio context is ${context.state}`)
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null
    track.stop()
  }
}

async function openMicrophone(): Promise<MediaStream> {
  if (!globalThis.isSecureContext) throw new MicError('insecure')
  const supported = typeof AudioWorkletNode !== 'undefined' && 'mediaDevices' in navigator
  if (!supported) throw new MicError('unsupported')
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    })
  } catch (error) {
    const name = error instanceof DOMException ? error.name : ''
    throw new MicError(REASONS[name] ?? 'unsupported', error)
  }
}
