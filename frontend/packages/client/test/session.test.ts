import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MicError, Recorder } from '../src/recorder'
import { ReplyPlayer } from '../src/reply-player'
import { Session } from '../src/session'
import { FakeSocket, FakeVideo, settle, videoMeta } from './fakes'

/** A recorder without a device; `speak` is one frame of sound. */
class FakeRecorder extends Recorder {
  failure: MicError | null = null
  opening = Promise.resolve()
  stopped = 0
  private running = false

  override get isRunning(): boolean {
    return this.running
  }

  override async start(): Promise<void> {
    if (this.failure) throw this.failure
    const { stopped } = this
    await this.opening
    this.running = stopped === this.stopped
  }

  override stop(): void {
    this.stopped += 1
    this.running = false
  }

  speak(): void {
    this.emit('frame', new Int16Array(512))
  }

  unplug(): void {
    this.emit('ended', undefined)
  }
}

let videos: [FakeVideo, FakeVideo]
let recorder: FakeRecorder
let session: Session
let phases: string[]
let subtitles: (string | null)[]

const READY = {
  type: 'session_ready',
  protocol: 1,
  resume_token: 'token',
  capabilities: ['video'],
  resumed: false,
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  videos = [new FakeVideo(), new FakeVideo()]
  recorder = new FakeRecorder('worklet.js')
  session = new Session({
    endpoint: 'ws://host/ws',
    player: new ReplyPlayer({
      loops: { idle: new FakeVideo().element },
      stream: new FakeVideo().element,
      chunks: [videos[0].element, videos[1].element],
    }),
    recorder,
    wishes: { language: 'auto' },
    createSocket: FakeSocket.create,
  })
  phases = []
  subtitles = []
  session.on('phase', (phase) => phases.push(phase))
  session.on('subtitle', (text) => subtitles.push(text))
  session.open()
})

afterEach(() => {
  session.close()
  vi.useRealTimers()
})

function greet(changes: object = {}): FakeSocket {
  const socket = FakeSocket.last
  socket.accept()
  socket.text({ ...READY, ...changes })
  return socket
}

async function chunk(socket: FakeSocket, generation_id: number, chunk_seq = 0): Promise<void> {
  socket.text(videoMeta({ generation_id, chunk_seq }))
  socket.raw(new ArrayBuffer(4))
  await settle()
}

test('a typed turn goes through thinking and speaking back to ready', async () => {
  const socket = greet()
  expect(session.send('Hello')).toBe(true)
  socket.text({ type: 'state_update', state: 'thinking', reason: 'turn', generation_id: 1 })
  await chunk(socket, 1)
  socket.text({ type: 'state_update', state: 'speaking', reason: 'speaking', generation_id: 1 })
  videos[0].end()
  socket.text({ type: 'turn_end', reason: 'completed', metrics: {}, generation_id: 1 })
  socket.text({ type: 'state_update', state: 'idle', reason: 'completed', generation_id: 1 })
  expect(phases).toEqual(['ready', 'thinking', 'speaking', 'ready'])
  expect(subtitles).toEqual(['Hello.', null])
  expect(socket.types()).toEqual(['hello', 'text', 'playback', 'playback'])
})

test('a question that cuts a reply is thought about without a pause', async () => {
  const socket = greet()
  session.send('Hello')
  await chunk(socket, 1)
  session.send('Wait')
  socket.text({ type: 'turn_end', reason: 'interrupted', metrics: {}, generation_id: 1 })
  socket.text({ type: 'state_update', state: 'idle', reason: 'new_turn', generation_id: 2 })
  socket.text({ type: 'state_update', state: 'thinking', reason: 'turn', generation_id: 3 })
  expect(phases).toEqual(['ready', 'thinking', 'speaking', 'thinking'])
})

test('a refused question is not waited for', () => {
  const socket = greet()
  session.send('Hello')
  socket.text({ type: 'error', code: 'rate_limited', message: 'Too fast.', recoverable: true })
  expect(session.phase).toBe('ready')
})

test('nothing can be said while the line is down', () => {
  expect(session.send('Hello')).toBe(false)
  expect(session.phase).toBe('connecting')
})

test('stop is silence at once, and late chunks of that reply are ghosts', async () => {
  const socket = greet()
  session.send('Hello')
  await chunk(socket, 1)
  session.interrupt()
  expect(subtitles.at(-1)).toBeNull()
  await chunk(socket, 1, 1)
  expect(subtitles).toEqual(['Hello.', null])
  expect(socket.types().at(-1)).toBe('interrupt')
})

test('a barge-in that the server heard silences the player', async () => {
  const socket = greet()
  session.send('Hello')
  await chunk(socket, 1)
  socket.text({ type: 'turn_end', reason: 'interrupted', metrics: {}, generation_id: 1 })
  expect(subtitles.at(-1)).toBeNull()
})

test('the microphone: open, heard, closed', async () => {
  const socket = greet()
  await session.startListening()
  recorder.speak()
  expect(session.phase).toBe('listening')
  session.stopListening()
  expect(socket.types()).toEqual(['hello', 'start_listen', 'audio', 'stop_listen'])
  expect(recorder.stopped).toBe(1)
})

test('a refused microphone changes nothing', async () => {
  const socket = greet()
  recorder.failure = new MicError('denied')
  await expect(session.startListening()).rejects.toMatchObject({ reason: 'denied' })
  expect(session.phase).toBe('ready')
  expect(socket.types()).toEqual(['hello'])
})

test('an unplugged microphone ends the utterance', async () => {
  const socket = greet()
  await session.startListening()
  recorder.unplug()
  expect(socket.types().at(-1)).toBe('stop_listen')
  expect(session.phase).toBe('ready')
})

test('nothing is heard over a line that was not told to listen', async () => {
  const socket = greet()
  await session.startListening()
  socket.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  const back = FakeSocket.last
  back.accept()
  recorder.speak()
  back.text(READY)
  recorder.speak()
  expect(back.types()).toEqual(['hello', 'start_listen', 'audio'])
})

test('a microphone that was closed while it opened is not on', async () => {
  greet()
  recorder.opening = new Promise((resolve) => setTimeout(resolve, 1_000))
  const started = session.startListening()
  session.forget()
  await vi.advanceTimersByTimeAsync(1_000)
  await started
  greet()
  expect([session.phase, FakeSocket.last.types()]).toEqual(['ready', ['hello']])
})

test('an open microphone survives a reconnect', async () => {
  const socket = greet()
  await session.startListening()
  socket.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(greet().types()).toEqual(['hello', 'start_listen'])
  expect(phases).toEqual(['ready', 'listening', 'offline', 'listening'])
})

test('a session that can be resumed is resumed, another is begun anew', async () => {
  expect(FakeSocket.last.url).toBe('ws://host/ws/new')
  greet({ capabilities: ['resume'] }).drop()
  await vi.advanceTimersByTimeAsync(1_000)
  const again = greet()
  expect(again.url).toBe('ws://host/ws/s')
  expect(again.sent[0]).toMatchObject({ type: 'hello', resume_token: 'token', language: 'auto' })
  again.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(greet().url).toBe('ws://host/ws/new')
})

test('wishes go out at once and again with every greeting', async () => {
  const socket = greet()
  session.configure({ voice: 'en-us+f2' })
  expect(socket.sent.at(-1)).toEqual({ type: 'config_update', voice: 'en-us+f2' })
  socket.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(greet().sent[0]).toMatchObject({ language: 'auto', voice: 'en-us+f2' })
})

test('replies of a new connection are counted anew', async () => {
  const socket = greet()
  await chunk(socket, 7)
  socket.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  const again = greet()
  await chunk(again, 1)
  expect(subtitles).toEqual(['Hello.', null, 'Hello.'])
})

test('how far a reply was heard is said before the word that cuts it', async () => {
  const socket = greet()
  await chunk(socket, 1)
  session.send('Wait')
  expect(socket.sent.at(-3)).toMatchObject({ type: 'playback', event: 'stopped' })
  expect(socket.sent.at(-2)).toMatchObject({ type: 'idle_position' })
  expect(socket.sent.at(-1)).toMatchObject({ type: 'text', text: 'Wait' })
  await chunk(socket, 2)
  session.interrupt()
  expect(socket.types().slice(-2)).toEqual(['playback', 'interrupt'])
})

test('somebody seems to speak: silence that can be taken back', async () => {
  const socket = greet()
  await chunk(socket, 1)
  socket.text({ type: 'playback_control', action: 'pause', generation_id: 1 })
  expect(session.phase).toBe('hearing')
  socket.text({ type: 'playback_control', action: 'resume', generation_id: 1 })
  await settle()
  expect(session.phase).toBe('speaking')
  const events = socket.sent.map((one) => (one as { event?: string }).event).filter(Boolean)
  expect(events).toEqual(['started', 'paused', 'resumed'])
})

test('a conversation of an earlier page is gone on with', () => {
  const resumption = { session_id: 'old', resume_token: 'key' }
  const player = new ReplyPlayer({
    loops: { idle: new FakeVideo().element },
    stream: new FakeVideo().element,
    chunks: [videos[0].element, videos[1].element],
  })
  const options = { endpoint: 'ws://host/ws', player, recorder, wishes: {}, createSocket: FakeSocket.create }
  const later = new Session({ ...options, resumption })
  later.open()
  expect(FakeSocket.last.url).toBe('ws://host/ws/old')
  expect(greet({ capabilities: ['resume'] }).sent[0]).toMatchObject({ resume_token: 'key' })
  expect(later.resumption).toEqual({ session_id: 's', resume_token: 'token' })
  later.close()
})

test('words of the page are spoken as they are', () => {
  const socket = greet()
  expect(session.say('Welcome.')).toBe(true)
  expect(session.phase).toBe('thinking')
  expect(socket.sent.at(-1)).toEqual({ type: 'say', text: 'Welcome.' })
  socket.drop()
  expect(session.say('Welcome.')).toBe(false)
})

test('a visitor who has gone is forgotten, and the next one begins anew', async () => {
  const socket = greet({ capabilities: ['resume'] })
  await session.startListening()
  await chunk(socket, 1)
  session.forget()
  expect(socket.types().at(-1)).toBe('goodbye')
  await chunk(socket, 1, 1)
  expect(subtitles.at(-1)).toBeNull()
  expect(recorder.stopped).toBe(1)
  expect(session.resumption).toBeNull()
  socket.drop(1000)
  const fresh = greet({ capabilities: ['resume'] })
  expect(fresh.url).toBe('ws://host/ws/new')
  expect(fresh.types()).toEqual(['hello'])
  expect(fresh.sent[0]).not.toHaveProperty('resume_token')
  expect(session.phase).toBe('ready')
})

test('a visitor can be forgotten while the line is down', async () => {
  greet({ capabilities: ['resume'] }).drop()
  session.forget()
  const fresh = FakeSocket.last
  await vi.advanceTimersByTimeAsync(10_000)
  expect(FakeSocket.last).toBe(fresh)
  expect(greet().url).toBe('ws://host/ws/new')
})

test('after a goodbye nothing goes out on that line, and nothing of it reaches the next visitor', () => {
  const socket = greet({ capabilities: ['resume'] })
  session.forget()
  expect([session.send('Hello'), session.say('Welcome.')]).toEqual([false, false])
  recorder.speak()
  expect(socket.types().at(-1)).toBe('goodbye')
  socket.drop(1000)
  expect(greet().types()).toEqual(['hello'])
})

test('a line that was left is not missed', async () => {
  const socket = greet()
  await vi.advanceTimersByTimeAsync(15_000)
  expect(socket.types().at(-1)).toBe('ping')
  await vi.advanceTimersByTimeAsync(9_500)
  session.forget()
  await vi.advanceTimersByTimeAsync(1_000)
  const fresh = greet()
  await vi.advanceTimersByTimeAsync(2_000)
  expect([FakeSocket.last, session.phase]).toEqual([fresh, 'ready'])
  expect(phases).not.toContain('offline')
})

test('a server that does not answer a goodbye is left all the same', async () => {
  const socket = greet({ capabilities: ['resume'] })
  session.forget()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(socket.readyState).toBe(3)
  expect(greet().url).toBe('ws://host/ws/new')
})

interface Sent {
  type: string
  text?: string
  message_id?: string
}

async function cameBack(socket: FakeSocket, changes: object = {}): Promise<Sent[]> {
  socket.drop(1012)
  await vi.advanceTimersByTimeAsync(1_000)
  return greet({ capabilities: ['resume'], resumed: true, ...changes }).sent as Sent[]
}

function textsOf(sent: Sent[]): Sent[] {
  return sent.filter((one) => one.type === 'text')
}

test('a question that a leaving service may not have taken is asked again elsewhere', async () => {
  const resent: string[] = []
  session.on('resent', (text) => resent.push(text))
  const socket = greet({ capabilities: ['resume'] })
  session.send('Hello')
  const [again] = textsOf(await cameBack(socket))
  expect(again).toEqual(textsOf(socket.sent as Sent[])[0])
  expect(again?.message_id).toMatch(/^[0-9a-f]{24}$/)
  expect(resent).toEqual(['Hello'])
  expect(session.phase).toBe('thinking')
})

test('it is asked again until it is answered, and under the same name', async () => {
  const socket = greet({ capabilities: ['resume'] })
  session.send('Hello')
  const [first] = textsOf(await cameBack(socket))
  const [second] = textsOf(await cameBack(FakeSocket.last))
  expect(second).toEqual(first)
  FakeSocket.last.text({ type: 'text_chunk', chunk: 'Hi', generation_id: 1 })
  expect(textsOf(await cameBack(FakeSocket.last))).toEqual([])
})

test('a question that the other service knows as answered is not asked again', async () => {
  const socket = greet({ capabilities: ['resume'] })
  session.send('Hello')
  const answered = (socket.sent.at(-1) as Sent).message_id
  expect(textsOf(await cameBack(socket, { answered }))).toEqual([])
  expect(session.phase).toBe('ready')
})

test('the end of the reply before is no answer', async () => {
  const socket = greet({ capabilities: ['resume'] })
  session.send('Hello')
  await chunk(socket, 1)
  session.send('Wait')
  socket.text({ type: 'turn_end', reason: 'completed', metrics: {}, generation_id: 1 })
  expect(textsOf(await cameBack(socket)).map((one) => one.text)).toEqual(['Wait'])
})

const REFUSAL = { type: 'error', code: 'too_large', message: 'Too long.', recoverable: true }

test.each([
  ['stopped', () => session.interrupt()],
  ['spoken over', () => void session.startListening()],
  ['refused', (socket: FakeSocket) => socket.text(REFUSAL)],
])('a question that was %s is not asked again', async (_, settled) => {
  const socket = greet({ capabilities: ['resume'] })
  session.send('Hello')
  settled(socket)
  await settle()
  expect(textsOf(await cameBack(socket))).toEqual([])
})
