/** The tail of the log. */
import type { Line } from './types'
import { timeOfDay } from './words'

export const MOST_LINES = 300

export interface ToldLine {
  number: number
  time: string
  level: 'calm' | 'warning' | 'error'
  event: string
  facts: string
  session: string | null
}

const TOLD_APART = new Set(['number', 'timestamp', 'level', 'event', 'component', 'session_id'])

/** What is known and what came, oldest first, no line twice and none too many. */
export function withMore(known: Line[], more: Line[]): Line[] {
  const last = known.at(-1)?.number ?? 0
  return [...known, ...more.filter((line) => line.number > last)].slice(-MOST_LINES)
}

export function told(line: Line): ToldLine {
  const facts = Object.entries(line)
    .filter(([name, value]) => !TOLD_APART.has(name) && value !== null && value !== '')
    .map(([name, value]) => `${name.replace(/_id$/, '')} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return {
    number: line.number,
    time: line.timestamp ? timeOfDay(new Date(line.timestamp)) : '',
    level: levelOf(line.level),
    event: line.event ?? '',
    facts: facts.join(' · '),
    session: typeof line.session_id === 'string' ? line.session_id : null,
  }
}

function levelOf(level: string | undefined): ToldLine['level'] {
  if (level === 'warning') return 'warning'
  return level === 'error' || level === 'critical' ? 'error' : 'calm'
}
