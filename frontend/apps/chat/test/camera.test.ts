import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { useCamera } from '../src/composables/useCamera'

let scope: EffectScope
let camera: ReturnType<typeof useCamera>
/** Answers to the requests that are open, in order. */
let allow: ((stream: MediaStream) => void)[]
let refuse: ((error: Error) => void)[]

beforeEach(() => {
  allow = []
  refuse = []
  const getUserMedia = () =>
    new Promise<MediaStream>((resolve, reject) => {
      allow.push(resolve)
      refuse.push(reject)
    })
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  scope = effectScope()
  camera = scope.run(() => useCamera())!
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

function picture() {
  const track = { isOn: true, stop: () => void (track.isOn = false) }
  return { track, stream: { getTracks: () => [track] } as unknown as MediaStream }
}

test.each([
  ['was closed', () => camera.close()],
  ['is gone', () => scope.stop()],
])('a camera that is allowed once the dialog %s is switched off', async (_, leave) => {
  const { track, stream } = picture()
  const opening = camera.open()
  leave()
  allow[0]!(stream)
  await opening
  expect([track.isOn, camera.stream.value]).toEqual([false, null])
})

test('asked for twice, one camera is on', async () => {
  const [first, second] = [picture(), picture()]
  const both = Promise.all([camera.open(), camera.open()])
  allow[1]!(second.stream)
  allow[0]!(first.stream)
  await both
  expect([first.track.isOn, second.track.isOn]).toEqual([false, true])
  expect(camera.stream.value).toBe(second.stream)
})

test('a refusal that nobody waits for any more is not told', async () => {
  const opening = camera.open()
  camera.close()
  refuse[0]!(new DOMException('no', 'NotAllowedError'))
  await opening
  expect(camera.failure.value).toBeNull()
})
