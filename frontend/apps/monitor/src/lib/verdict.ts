/** The one word for the whole service, and what stands behind it. The bounds are those of the alerts
 * in `monitoring/rules/alerts.yml`. */
import type { Alert, Latency, Status } from './types'
import { durationText } from './words'

export type Level = 'good' | 'warning' | 'bad' | 'unknown'

export interface Verdict {
  level: Level
  headline: string
  reasons: string[]
}

interface Finding {
  level: 'warning' | 'bad'
  headline: string
  reason: string
}

const MOST_FIRST_PICTURE_S = 1
const MOST_TIME_TO_SILENCE_S = 0.5
const MOST_LOOP_LAG_S = 0.05
const FEW = 5 // values of which a percentile says nothing yet

export function verdictOn(status: Status | null, isReached: boolean, alerts: Alert[] | null): Verdict {
  if (!isReached)
    return { level: 'bad', headline: 'No answer', reasons: ['The service cannot be reached. It is tried again.'] }
  if (!status) return { level: 'unknown', headline: 'Asking', reasons: [] }
  const found = [...readiness(status), ...parts(status), ...feel(status), ...house(status), ...firing(alerts)]
  const worst = found.find((one) => one.level === 'bad') ?? found[0]
  if (!worst) return { level: 'good', headline: 'All is well', reasons: [] }
  return { level: worst.level, headline: worst.headline, reasons: found.map((one) => one.reason) }
}

function readiness({ ready }: Status): Finding[] {
  if (ready.ready) return []
  if (ready.pending.service === 'leaving')
    return [{ level: 'warning', headline: 'Leaving', reason: 'Running replies are finished; nobody new is let in.' }]
  const isStarting = ready.pending.service === 'starting'
  return [
    {
      level: isStarting ? 'warning' : 'bad',
      headline: isStarting ? 'Starting' : 'Not ready',
      reason: Object.values(ready.pending).join(' '),
    },
  ]
}

function parts(status: Status): Finding[] {
  const out = status.tried.filter((one) => !one.is_up && one.is_configured)
  const found: Finding[] = out.map(({ component, provider }) => {
    const chain = status.chains[component] ?? []
    const next = chain.slice(chain.indexOf(provider) + 1).find((name) => out.every((one) => one.provider !== name))
    const reason = `${provider} is out of order${next ? `; ${next} stands in` : ''}`
    return { level: next ? 'warning' : 'bad', headline: 'Makes do', reason }
  })
  if (status.store.failure)
    found.push({ level: 'bad', headline: 'Makes do', reason: `The ${status.store.kind} store does not answer` })
  const { workers, workers_wanted } = status.engine
  if (workers < workers_wanted && status.ready.ready)
    found.push(
      workers
        ? { level: 'warning', headline: 'Makes do', reason: 'A worker process is being replaced' }
        : { level: 'bad', headline: 'Makes do', reason: 'No worker process runs: every face stands still' },
    )
  return found
}

function feel({ latency }: Status): Finding[] {
  const bounds: [string, 'p95' | 'p99', number, string][] = [
    ['turn.first_chunk', 'p95', MOST_FIRST_PICTURE_S, 'First picture'],
    ['time_to_silence', 'p95', MOST_TIME_TO_SILENCE_S, 'Silence'],
    ['event_loop_lag', 'p99', MOST_LOOP_LAG_S, 'Event loop lag'],
  ]
  return bounds.flatMap(([name, p, most_s, words]) => {
    const value_s = recent(latency, name, p)
    if (value_s === null || value_s <= most_s) return []
    const reason = `${words}: ${durationText(value_s * 1000)} (${p})`
    return [{ level: 'warning' as const, headline: 'Slow', reason }]
  })
}

function recent(latency: Latency[], name: string, p: 'p95' | 'p99'): number | null {
  const values = latency.find((one) => one.name === name)?.last_5_min
  return values && values.count >= FEW ? values[p] : null
}

function house({ capacity }: Status): Finding[] {
  if (capacity.places_left > 0) return []
  return [{ level: 'warning', headline: 'Full', reason: 'Every place is taken; whoever comes now is turned away' }]
}

function firing(alerts: Alert[] | null): Finding[] {
  return (alerts ?? [])
    .filter(({ severity }) => severity !== 'info')
    .map(({ name, severity }) => ({
      level: severity === 'critical' ? 'bad' : 'warning',
      headline: 'Alert',
      reason: `${name} fires`,
    }))
}
