import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Live } from '../src/lib/types'
import { useMonitor } from '../src/stores/monitor'
import { aStatus, TURN } from './samples'

const LIVE: Live = {
  session_id: 'a', place: 0, attached: true, state: 'idle', age_s: 9, idle_s: 1, avatar: '', output: 'video', replies: 1,
  last_turn: { generation: 1, ago_s: 1, reason: 'completed', is_spoken: false, marks_ms: {} },
}
let answers: Record<string, unknown>
let asked: string[]
let status: number
let monitor: ReturnType<typeof useMonitor>

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'info').mockReturnValue()
  sessionStorage.clear()
  setActivePinia(createPinia())
  status = 200
  asked = []
  answers = {
    'api/status': aStatus({ live: [LIVE] }),
    'api/avatars': [],
    'api/status/log': { newest: 1, lines: [{ number: 1, event: 'service.ready' }] },
    'api/status/history': { source: 'service', at: [], series: [], alerts: null, trouble: null },
    'api/status/sessions/a': [],
  }
  vi.stubGlobal('fetch', (path: string) => {
    const bare = path.replace('../', '').split('?')[0]!
    asked.push(bare)
    const isThere = bare in answers
    return Promise.resolve(new Response(JSON.stringify(answers[bare] ?? null), { status: isThere ? status : 503 }))
  })
  monitor = useMonitor()
  monitor.start()
})
afterEach(() => {
  monitor.stop()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function say(changes: Parameters<typeof aStatus>[0]): void {
  answers['api/status'] = aStatus(changes)
}

test('an operator gets sessions, the course and the log', async () => {
  await pass(500)
  expect(monitor.session?.session_id).toBe('a')
  expect(monitor.history?.source).toBe('service')
  expect(monitor.lines).toHaveLength(1)
})

test.each([401, 403])('where even the status wants a token (%d) it is asked for', async (locked) => {
  status = locked
  await pass(500)
  expect(monitor.verdict.headline).toBe('Locked')
  expect([monitor.isLocked, monitor.wasRefused]).toEqual([true, false])
  monitor.signIn('wrong')
  await pass(500)
  expect(monitor.wasRefused).toBe(true)
  status = 200
  monitor.signIn('right')
  await pass(500)
  expect([monitor.isLocked, monitor.wasRefused, monitor.isOperator]).toEqual([false, false, true])
})

test('who may not watch is no operator, and asks for nothing more', async () => {
  say({ live: null })
  await pass(500)
  expect([monitor.isOperator, monitor.history, monitor.lines.length]).toEqual([false, null, 0])
})

test('nobody is an operator before the service has said so', async () => {
  expect(monitor.isOperator).toBe(false)
  status = 500
  await pass(500)
  expect(monitor.isOperator).toBe(false)
})

test('no answer is told, and what was known stays', async () => {
  await pass(500)
  status = 500
  await pass(1500)
  expect(monitor.isReached).toBe(false)
  expect(monitor.status).not.toBeNull()
})

test('a service that started anew begins its log anew', async () => {
  await pass(500)
  say({ live: [LIVE], started_at: '2026-02-01T00:00:00Z' })
  await pass(1500)
  expect(monitor.lines).toHaveLength(1)
})

test('a face that nobody knows yet is asked for at once', async () => {
  answers['api/avatars'] = [{ id: 'nora', name: 'Nora' }]
  await pass(5_000)
  answers['api/avatars'] = [{ id: 'nora', name: 'Nora' }, { id: 'made', name: 'Made' }]
  await pass(5_000)
  expect(monitor.avatars).toHaveLength(1)
  say({ live: [{ ...LIVE, avatar: 'made' }] })
  await pass(1_500)
  expect(monitor.avatars).toHaveLength(2)
})

test('without its faces the service is reached all the same, and they are asked for again', async () => {
  const faces = [{ id: 'nora', name: 'Nora' }]
  delete answers['api/avatars']
  await pass(500)
  expect([monitor.isReached, monitor.lines.length, monitor.avatars.length]).toEqual([true, 1, 0])
  answers['api/avatars'] = faces
  await pass(20_000)
  expect(monitor.avatars).toEqual(faces)
})

test('replies that cannot be fetched anew stay as they were', async () => {
  answers['api/status/sessions/a'] = [TURN]
  await pass(500)
  expect(monitor.turns).toEqual([TURN])
  delete answers['api/status/sessions/a']
  say({ live: [{ ...LIVE, last_turn: { ...LIVE.last_turn!, generation: 2 } }] })
  await pass(1_500)
  expect(monitor.turns).toEqual([TURN])
})

test('replies are asked for once each', async () => {
  await pass(5_000)
  expect(asked.filter((path) => path === 'api/status/sessions/a')).toHaveLength(1)
})

test('replies that could not be fetched are asked for again', async () => {
  delete answers['api/status/sessions/a']
  await pass(500)
  expect([monitor.turns, monitor.isReached]).toEqual([[], true])
  answers['api/status/sessions/a'] = [TURN]
  await pass(5_000)
  expect(monitor.turns).toEqual([TURN])
})

test('it stays with a session while that talks, and goes on to another when it rests', async () => {
  const other = { ...LIVE, session_id: 'b', idle_s: 0 }
  await pass(500)
  say({ live: [{ ...LIVE, idle_s: 10 }, other] })
  await pass(1000)
  expect(monitor.session?.session_id).toBe('a')
  say({ live: [{ ...LIVE, idle_s: 30 }, other] })
  await pass(1000)
  expect(monitor.session?.session_id).toBe('b')
  monitor.choose('a')
  expect(monitor.session?.session_id).toBe('a')
  monitor.choose('a')
  expect(monitor.session?.session_id).toBe('b')
})
