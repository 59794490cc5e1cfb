/** What a service would say. */
import type { Status, Turn } from '../src/lib/types'

export function aStatus(changes: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    started_at: '2026-01-01T00:00:00Z',
    ready: { ready: true, pending: {} },
    providers: { tts: 'edge' },
    model: 'builtin',
    sessions: { attached: 1, detached: 0, limit: 8 },
    capacity: { places: 8, places_left: 7, workers: 2, worker_busy_ratio: 0.1 },
    latency: [],
    counts: { errors: {}, fallbacks: {}, refusals: {}, provider_errors: {}, turns: {} },
    chains: { tts: ['edge', 'espeak'] },
    tried: [],
    models: [],
    store: { kind: 'memory', waiting: 0, failure: '' },
    engine: { workers: 2, workers_wanted: 2, restarts: 0, rss_bytes: 1 },
    live: [],
    ...changes,
  }
}

/** A spoken question whose first picture came after 400 ms, of a reply that took two seconds. */
export const TURN: Turn = {
  generation: 3,
  asked_at: '2026-01-01T00:00:00Z',
  began_ms: -1800,
  ended_ms: 2000,
  reason: 'completed',
  is_spoken: true,
  marks_ms: { first_token: 100, first_audio: 150, first_chunk: 400 },
  work: [
    { stage: 'vad', began_ms: -1800, ended_ms: 0, facts: {} },
    { stage: 'llm', began_ms: 0, ended_ms: 300, facts: { first_ms: 100, busy_ms: 300, provider: 'openai' } },
    { stage: 'tts', began_ms: 100, ended_ms: 500, facts: { first_ms: 50, busy_ms: 100, sentence_index: 0 } },
    { stage: 'tts', began_ms: 500, ended_ms: 900, facts: { sentence_index: 1 } },
    { stage: 'send', began_ms: 390, ended_ms: 400, facts: {} },
  ],
}
