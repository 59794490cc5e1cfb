/** What the service says of itself: `/api/status` and what lies below it; see docs/operations.md. */

export interface Percentiles {
  count: number
  p50: number | null
  p95: number | null
  p99: number | null
}

export interface Latency {
  name: string
  unit: string
  last_5_min: Percentiles
  last_60_min: Percentiles
}

export interface LastTurn {
  generation: number
  ago_s: number
  reason: string
  is_spoken: boolean
  marks_ms: Record<string, number>
}

export interface Live {
  session_id: string
  place: number
  attached: boolean
  state: string
  age_s: number
  idle_s: number
  avatar: string
  output: string
  replies: number
  last_turn: LastTurn | null
}

export interface Tried {
  component: string
  provider: string
  is_up: boolean
  is_configured: boolean
  reason: string
}

export interface Engine {
  workers: number
  workers_wanted: number
  restarts: number
  rss_bytes: number
}

export interface Status {
  version: string
  started_at: string
  ready: { ready: boolean; pending: Record<string, string> }
  providers: Record<string, string> | null
  model: string
  sessions: { attached: number; detached: number; limit: number }
  capacity: { places: number; places_left: number; workers: number; worker_busy_ratio: number }
  latency: Latency[]
  counts: Record<'errors' | 'fallbacks' | 'refusals' | 'provider_errors' | 'turns', Record<string, number>>
  /** By component, as configured, best first. */
  chains: Record<string, string[]>
  tried: Tried[]
  models: { component: string; name: string }[]
  store: { kind: string; waiting: number; failure: string }
  engine: Engine
  /** Null for who may not watch. */
  live: Live[] | null
}

export interface Series {
  name: string
  unit: string
  values: (number | null)[]
}

export interface Alert {
  name: string
  severity: string
}

export interface History {
  source: 'service' | 'prometheus'
  trouble: string | null
  /** Seconds since 1970. */
  at: number[]
  series: Series[]
  alerts: Alert[] | null
}

export interface Work {
  stage: string
  began_ms: number
  ended_ms: number
  facts: Record<string, string | number>
}

export interface Turn {
  generation: number
  asked_at: string
  began_ms: number
  ended_ms: number
  reason: string
  is_spoken: boolean
  marks_ms: Record<string, number>
  work: Work[]
}

export interface Line {
  number: number
  timestamp?: string
  level?: string
  event?: string
  [fact: string]: unknown
}

export interface Lines {
  newest: number
  lines: Line[]
}

export interface Avatar {
  id: string
  name: string
  poster_url: string
}
