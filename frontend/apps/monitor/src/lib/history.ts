/** Series of the history by name. */
import type { History } from './types'

export function values(history: History | null, name: string): (number | null)[] {
  return history?.series.find((one) => one.name === name)?.values ?? []
}

/** Counters from Prometheus are estimates, hence rounded. */
export function total(history: History | null, name: string): number {
  return Math.round(values(history, name).reduce<number>((sum, value) => sum + (value ?? 0), 0))
}

export function newest(history: History | null, name: string): number | null {
  return values(history, name).findLast((value) => value !== null) ?? null
}
