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
  isClosed = false
  audioWorklet = { addModule: () => FakeContext.addModule() }
  constructor() {
    FakeContext.all.push(this)
  }
  resume = () => Promise.resolve()
  createMediaStreamSource = () => ({ connect: () => undefined })
  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

let tracks: FakeTrack[]
let recorder: Recorder

beforeEach(() => {
  tracks = []
  FakeContext.all = []
  FakeContext.addModule = () => Promise.resolve()
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('AudioContext', FakeContext)
  vi.stubGlobal('AudioWorkletNode', class {
    port = {}
    connect = () => undefined
  })
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
afterEach(() => vi.unstubAllGlobals())

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
