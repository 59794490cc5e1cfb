import { MicError, Session, type AvatarInfo, type ConfigUpdate } from '@avatar-chat/client'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import { FakeSocket, FakeVideo } from '../../../packages/client/test/fakes'
import { useBackdrop } from '../src/stores/backdrop'
import { useCall } from '../src/stores/call'
import { useConversation } from '../src/stores/conversation'
import { useService } from '../src/stores/service'
import { useSettings } from '../src/stores/settings'

const face = (id: string) => ({ id, name: id, alpha: id === 'nora' }) as AvatarInfo
const FACES = ['nora', 'pip', 'ada'].map(face)
const READY = { type: 'session_ready', session_id: 's', protocol: 1, resume_token: 't', capabilities: ['resume'], resumed: false }
/** The network is back. */
let online: () => void

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  FakeSocket.all = []
  vi.stubGlobal('WebSocket', class extends FakeSocket {
    static readonly OPEN = 1
  })
  vi.stubGlobal('fetch', (path: string) => Promise.resolve(Response.json(path === '/api/avatars' ? FACES : null)))
  vi.stubGlobal('addEventListener', (event: string, heard: () => void) => event === 'online' && (online = heard))
  setActivePinia(createPinia())
  useService().avatars = FACES
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** A call whose line is up; the service greets with `avatar`. */
async function begin(avatar: string) {
  const call = useCall()
  const video = () => Object.assign(new FakeVideo().element, { requestVideoFrameCallback: undefined })
  call.attach({
    loops: { idle: video() },
    stream: video(),
    chunks: [video(), video()],
  })
  FakeSocket.last.accept()
  FakeSocket.last.text({ ...READY, avatar: face(avatar) })
  await nextTick()
  return call
}

async function choose(avatar: string): Promise<void> {
  useSettings().avatar = avatar
  await nextTick()
}

async function told(message: object): Promise<void> {
  FakeSocket.last.text(message)
  await nextTick()
}

const refuse = (code: string, recoverable = true) => told({ type: 'error', code, message: 'No.', recoverable })

test('another face comes once the one in sight has spoken', async () => {
  const call = await begin('nora')
  await told({ type: 'state_update', state: 'speaking' })
  await choose('pip')
  expect([call.face?.id, call.chosen?.id]).toEqual(['nora', 'pip'])
  await told({ type: 'state_update', state: 'idle' })
  expect([call.face?.id, call.chosen?.id]).toEqual(['pip', 'pip'])
})

test('a face is there even where the first turn is already asked for', async () => {
  useService().avatars = []
  const call = useCall()
  call.phase = 'thinking'
  await nextTick()
  useService().avatars = FACES
  await nextTick()
  expect(call.face?.id).toBe('nora')
})

test.each(['unknown_avatar', 'broken_avatar'])('after %s the face that worked is chosen again', async (code) => {
  await begin('nora')
  await choose('pip')
  await choose('ada')
  await refuse(code)
  expect(useSettings().avatar).toBe('pip')
  await choose('ada')
  await refuse(code)
  expect(useSettings().avatar).toBe('pip')
})

test('a face that is refused with the greeting is not wished for again', async () => {
  useSettings().avatar = 'gone'
  await begin('nora')
  await refuse('unknown_avatar')
  expect(useSettings().avatar).toBeNull()
})

test('what failed to be heard does not ask the question before again', async () => {
  const call = await begin('nora')
  call.send('Hello')
  await told({ type: 'text_chunk', chunk: 'Hi.', generation_id: 1 })
  await told({ type: 'turn_end', reason: 'completed', metrics: {}, generation_id: 1 })
  await refuse('provider_failed')
  expect([call.problem?.key, call.remedy]).toEqual(['problem.provider', null])
})

test('a question without an answer can be asked again, as long as the line is up', async () => {
  const call = await begin('nora')
  call.send('Hello')
  await refuse('provider_failed')
  expect(call.remedy).toBe('resend')
  FakeSocket.last.sent = []
  await call.retry()
  expect(FakeSocket.last.sent).toContainEqual(expect.objectContaining({ type: 'text', text: 'Hello' }))
  await refuse('provider_failed')
  FakeSocket.last.drop()
  await call.retry()
  expect(call.problem?.key).toBe('problem.unreachable')
  expect(useConversation().lines).toHaveLength(1)
})

test('a conversation that went to another window is not taken back unasked', async () => {
  const call = await begin('nora')
  FakeSocket.last.drop(4001)
  expect(call.problem?.key).toBe('problem.elsewhere')
  online()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.all).toHaveLength(1)
  await call.retry()
  expect(FakeSocket.all).toHaveLength(2)
})

test('a network that is back hurries a line that is on its way back', async () => {
  await begin('nora')
  FakeSocket.last.drop()
  online()
  expect(FakeSocket.all).toHaveLength(2)
})

test('a browser that loses its graphics gets plain pictures from then on, and figures when it has them again', async () => {
  const backdrop = useBackdrop()
  backdrop.isPossible = true
  useSettings().background = 'dusk'
  const call = await begin('nora')
  FakeSocket.last.sent = []
  backdrop.isPossible = false
  await nextTick()
  backdrop.isPossible = true
  await nextTick()
  const alphas = FakeSocket.last.sent.map((message) => (message as ConfigUpdate).video?.alpha)
  expect([call.isFree, alphas]).toEqual([true, [false, true]])
})

test('over a microphone that cannot be had nobody forgets to ask again', async () => {
  vi.spyOn(Session.prototype, 'startListening').mockRejectedValue(new MicError('no_device'))
  const call = await begin('nora')
  await call.toggleMicrophone()
  expect(call.problem?.key).toBe('problem.mic.no_device')
  call.send('Hello')
  await refuse('provider_failed')
  await call.toggleMicrophone()
  expect(call.problem?.key).toBe('problem.provider')
})
