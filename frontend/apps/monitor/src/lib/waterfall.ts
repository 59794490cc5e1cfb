/** One reply as bars: which stage worked when. Where on the screen is said in parts of the width. */
import type { Turn, Work } from './types'
import { durationText, firstOf, STAGE_NAMES, STAGES, type Stage } from './words'

export interface Bar {
  left: number
  width: number
  /** How much of it the stage was at work; else it waited for the one after it. */
  busy: number
  tip: string
}

export interface Row {
  stage: Stage
  name: string
  bars: Bar[]
  /** Where the stage was first at work, and how long that took until something came of it. */
  summary: string
}

export interface Waterfall {
  rows: Row[]
  ticks: { at: number; label: string }[]
  /** The end of the user's turn. */
  zero: number
  /** What the user waited for. */
  first: { at: number; label: string } | null
}

/** `wait`: until a little after the first picture. */
export type View = 'wait' | 'whole'

const LEAST_WIDTH = 0.004
const EARLIER_MS = 600 // of the ear's work that are shown with the wait
const LATER = 1.5

export function waterfall(turn: Turn, view: View): Waterfall {
  const { from_ms, to_ms } = range(turn, view)
  const at = (ms: number): number => (ms - from_ms) / (to_ms - from_ms)
  const clamped = (ms: number): number => Math.min(1, Math.max(0, at(ms)))
  const first_ms = firstOf(turn.marks_ms)

  function bar(work: Work): Bar {
    const left = Math.min(clamped(work.began_ms), 1 - LEAST_WIDTH)
    const width = Math.max(LEAST_WIDTH, clamped(work.ended_ms) - left)
    return { left, width, busy: busy(work), tip: tip(work) }
  }

  return {
    rows: STAGES.map((stage) => ({ stage, work: turn.work.filter((one) => one.stage === stage) }))
      .filter(({ work }) => work.length > 0)
      .map(({ stage, work }) => ({
        stage,
        name: STAGE_NAMES[stage]!,
        bars: work.filter((one) => one.ended_ms >= from_ms && one.began_ms <= to_ms).map(bar),
        summary: summary(work[0]!),
      })),
    ticks: ticks(from_ms, to_ms).map((ms) => ({ at: at(ms), label: ms ? durationText(ms) : '0' })),
    zero: at(0),
    first: first_ms === null ? null : { at: at(first_ms), label: durationText(first_ms) },
  }
}

function range(turn: Turn, view: View): { from_ms: number; to_ms: number } {
  const first_ms = firstOf(turn.marks_ms)
  if (view === 'whole' || first_ms === null)
    return { from_ms: Math.min(0, turn.began_ms), to_ms: Math.max(turn.ended_ms, 1) }
  return {
    from_ms: Math.max(-EARLIER_MS, Math.min(0, turn.began_ms)),
    to_ms: Math.max(1, Math.min(turn.ended_ms, first_ms * LATER)),
  }
}

function busy({ began_ms, ended_ms, facts: { busy_ms } }: Work): number {
  return typeof busy_ms === 'number' && ended_ms > began_ms ? Math.min(1, busy_ms / (ended_ms - began_ms)) : 1
}

function tip(work: Work): string {
  const { provider, sentence_index, busy_ms } = work.facts
  const parts = [
    [STAGE_NAMES[work.stage] ?? work.stage, provider].filter(Boolean).join(' · '),
    sentence_index === undefined ? '' : `sentence ${Number(sentence_index) + 1}`,
    durationText(work.ended_ms - work.began_ms),
    busy_ms === undefined ? '' : `${durationText(Number(busy_ms))} at work`,
  ]
  return parts.filter(Boolean).join(', ')
}

/** Of the first piece: it is what was waited for. */
function summary(work: Work): string {
  const { first_ms } = work.facts
  return durationText(typeof first_ms === 'number' ? first_ms : work.ended_ms - work.began_ms)
}

/** Round numbers of milliseconds, four to eight of them; 0 is always one. */
export function ticks(from_ms: number, to_ms: number): number[] {
  const rough = (to_ms - from_ms) / 5
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * magnitude).find((one) => one >= rough * 0.8) ?? rough
  const begin = Math.ceil(from_ms / step)
  return Array.from({ length: Math.floor(to_ms / step) - begin + 1 }, (_, index) => (begin + index) * step + 0)
}
