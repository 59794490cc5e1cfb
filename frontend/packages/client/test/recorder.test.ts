import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Recorder } from '../src/recorder'

class FakeTrack {
  onended: (() => void) | null = null
  isLive = true
  stop(): void {
    this.isLive = false
  }
}

class FakeContext {
  static all: FakeContext[] = []
  static addModule: () => Promise<void>
  static resume: (context: FakeContext) => Promise<void>
  isClosed = false
  state = 'running'
  audioWorklet = { addModule: () => FakeContext.addModule() }
  constructor() {
    FakeContext.all.push(this)
  }
  resume = () => FakeContext.resume(this)
  createMediaStreamSource = () => ({ connect: () => undefined })
  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

class FakeNode {
  static last: FakeNode
  port: { onmessage?: (event: object) => void } = {}
  connect = () => undefined
  constructor() {
    FakeNode.last = this
  }
  frame(): void {
    this.port.onmessage?.({ data: { samples: new Int16Array(512), level: 0 } })
  }
}

let tracks: FakeTrack[]
let recorder: Recorder

beforeEach(() => {
  vi.useFakeTimers()
  tracks = []
  FakeContext.all = []
  FakeContext.addModule = () => Promise.resolve()
  FakeContext.resume = () => Promise.resolve()
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('AudioContext', FakeContext)
  vi.stubGlobal('AudioWorkletNode', FakeNode)
  vi.stubGlobal('navigator', {
    mediaDevices: {
      getUserMedia: () => {
        const track = new FakeTrack()
        tracks.push(track)
        return Promise.resolve({ getTracks: () => [track], getAudioTracks: () => [track] })
      },
    },
  })
  recorder = new Recorder('worklet.js')
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const live = (): [number, number] => [
  tracks.filter((one) => one.isLive).length,
  FakeContext.all.filter((one) => !one.isClosed).length,
]

test('it starts once, and lets go of everything', async () => {
  await recorder.start()
  await recorder.start()
  expect([recorder.isRunning, live()]).toEqual([true, [1, 1]])
  recorder.stop()
  expect([recorder.isRunning, live()]).toEqual([false, [0, 0]])
})

test('a worklet that is not there leaves nothing open', async () => {
  FakeContext.addModule = () => Promise.reject(new Error('404'))
  await expect(recorder.start()).rejects.toMatchObject({ reason: 'unsupported' })
  expect([recorder.isRunning, live()]).toEqual([false, [0, 0]])
})

test('two starts at once open one microphone', async () => {
  await Promise.all([recorder.start(), recorder.start()])
  expect([recorder.isRunning, live()]).toEqual([true, [1, 1]])
})

test('a start that is stopped on its way runs no more; one after it does', async () => {
  let loaded = (): void => undefined
  FakeContext.addModule = () => new Promise((resolve) => (loaded = resolve))
  const first = recorder.start()
  await vi.waitFor(() => expect(FakeContext.all).toHaveLength(1))
  recorder.stop()
  FakeContext.addModule = () => Promise.resolve()
  await recorder.start()
  loaded()
  await first
  expect([recorder.isRunning, live()]).toEqual([true, [1, 1]])
})

test('a context that never runs is given up', async () => {
  FakeContext.resume = (context) => {
    context.state = 'suspended'
    return new Promise(() => {})
  }
  const refused = expect(recorder.start()).rejects.toMatchObject({ reason: 'unsupported' })
  await vi.advanceTimersByTimeAsync(2_000)
  await refused
  expect([recorder.isRunning, live()]).toEqual([false, [0, 0]])
})

test('one that runs without saying so is taken', async () => {
  FakeContext.resume = () => new Promise(() => {})
  const started = recorder.start()
  await vi.advanceTimersByTimeAsync(2_000)
  await started
  expect(recorder.isRunning).toBe(true)
})

test('a microphone of which nothing comes any more has ended', async () => {
  const ended = vi.fn()
  recorder.on('ended', ended)
  await recorder.start()
  for (const pauseMs of [2_900, 2_900, 2_900]) {
    vi.advanceTimersByTime(pauseMs)
    FakeNode.last.frame()
  }
  expect([recorder.isRunning, ended.mock.calls.length]).toEqual([true, 0])
  vi.advanceTimersByTime(3_000)
  expect([recorder.isRunning, live(), ended.mock.calls.length]).toEqual([false, [0, 0], 1])
})

test('one that was stopped has not, whatever still comes of it', async () => {
  const heard = vi.fn()
  recorder.on('ended', heard)
  recorder.on('frame', heard)
  await recorder.start()
  recorder.stop()
  FakeNode.last.frame()
  vi.advanceTimersByTime(10_000)
  expect(heard).not.toHaveBeenCalled()
})
