import { expect, test } from 'vitest'
import type { Percentiles, Status } from '../src/lib/types'
import { verdictOn } from '../src/lib/verdict'
import { aStatus } from './samples'

const values = (p95: number, count = 20): Percentiles => ({ count, p50: p95, p95, p99: p95 })

function feels(name: string, p95: number, count?: number): Status {
  return aStatus({ latency: [{ name, unit: 's', last_5_min: values(p95, count), last_60_min: values(p95, count) }] })
}

test('nothing to say is good', () => {
  expect(verdictOn(aStatus(), true, null)).toEqual({ level: 'good', headline: 'All is well', reasons: [] })
})

test('no answer outweighs whatever was known', () => {
  expect(verdictOn(aStatus(), false, null)).toMatchObject({ level: 'bad', headline: 'No answer' })
})

test('before the first answer nothing is claimed', () => {
  expect(verdictOn(null, true, null).level).toBe('unknown')
})

test('a service says itself what is missing', () => {
  const missing = aStatus({ ready: { ready: false, pending: { service: 'The net is missing.' } } })
  expect(verdictOn(missing, true, null)).toEqual({ level: 'bad', headline: 'Not ready', reasons: ['The net is missing.'] })
  for (const [service, headline] of [['starting', 'Starting'], ['leaving', 'Leaving']] as const) {
    const status = aStatus({ ready: { ready: false, pending: { service } } })
    expect(verdictOn(status, true, null)).toMatchObject({ level: 'warning', headline })
  }
})

test('a provider that is out of order is named, and who stands in', () => {
  const down = { component: 'tts', provider: 'edge', is_up: false, is_configured: true, reason: 'no network' }
  expect(verdictOn(aStatus({ tried: [down] }), true, null)).toEqual({
    level: 'warning',
    headline: 'Makes do',
    reasons: ['edge is out of order; espeak stands in'],
  })
  const last = { ...down, provider: 'espeak' }
  expect(verdictOn(aStatus({ tried: [down, last] }), true, null).level).toBe('bad')
})

test('a worker that is missing slows the faces, and none at all stops them', () => {
  const engine = { workers_wanted: 2, restarts: 1, rss_bytes: 0 }
  expect(verdictOn(aStatus({ engine: { ...engine, workers: 2 } }), true, null).level).toBe('good')
  expect(verdictOn(aStatus({ engine: { ...engine, workers: 1 } }), true, null).level).toBe('warning')
  expect(verdictOn(aStatus({ engine: { ...engine, workers: 0 } }), true, null)).toMatchObject({
    level: 'bad',
    reasons: ['No worker process runs: every face stands still'],
  })
})

test('a provider that nobody has set up is no trouble', () => {
  const unset = { component: 'llm', provider: 'openai', is_up: false, is_configured: false, reason: 'no key' }
  expect(verdictOn(aStatus({ tried: [unset] }), true, null).level).toBe('good')
})

test.each([
  ['turn.first_chunk', 1.2, 0.9],
  ['time_to_silence', 0.6, 0.4],
  ['event_loop_lag', 0.06, 0.04],
])('%s has a bound', (name, over_s, under_s) => {
  expect(verdictOn(feels(name, over_s), true, null)).toMatchObject({ level: 'warning', headline: 'Slow' })
  expect(verdictOn(feels(name, under_s), true, null).level).toBe('good')
})

test('a few slow replies prove nothing', () => {
  expect(verdictOn(feels('turn.first_chunk', 5, 4), true, null).level).toBe('good')
})

test('a full house, a store that is gone, and alerts', () => {
  const full = aStatus({ capacity: { places: 2, places_left: 0, workers: 1, worker_busy_ratio: 0.5 } })
  expect(verdictOn(full, true, null).headline).toBe('Full')
  const lost = aStatus({ store: { kind: 'redis', waiting: 2, failure: 'refused' } })
  expect(verdictOn(lost, true, null)).toMatchObject({ level: 'bad', reasons: ['The redis store does not answer'] })
  const alerts = [
    { name: 'AvatarChatTimelineLost', severity: 'info' },
    { name: 'AvatarChatUnderruns', severity: 'warning' },
  ]
  expect(verdictOn(aStatus(), true, alerts)).toMatchObject({ level: 'warning', reasons: ['AvatarChatUnderruns fires'] })
})

test('the worst finds the headline, and every reason is told', () => {
  const status = aStatus({
    tried: [{ component: 'tts', provider: 'edge', is_up: false, is_configured: true, reason: '' }],
    ready: { ready: false, pending: { service: 'The net is missing.' } },
  })
  const verdict = verdictOn(status, true, null)
  expect(verdict.headline).toBe('Not ready')
  expect(verdict.reasons).toHaveLength(2)
})
