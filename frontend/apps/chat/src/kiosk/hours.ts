/** The time by this computer's own clock, as far as a week goes. Pure but for `momentOf`. */
export interface Moment {
  /** Milliseconds since the page was loaded; nobody puts this clock right. */
  ms: number
  /** Minutes since Monday 00:00. */
  weekMinute: number
}

const DAY_MIN = 24 * 60

export function momentOf(date: Date): Moment {
  const day = (date.getDay() + 6) % 7
  return { ms: performance.now(), weekMinute: day * DAY_MIN + date.getHours() * 60 + date.getMinutes() }
}

export function isOpen(openWeek: readonly (readonly [number, number])[], { weekMinute }: Moment): boolean {
  return openWeek.length === 0 || openWeek.some(([from, to]) => from <= weekMinute && weekMinute < to)
}

/** Minutes since this minute of the day was last there, 0…1439. */
export function minutesSince(minuteOfDay: number, { weekMinute }: Moment): number {
  return (((weekMinute - minuteOfDay) % DAY_MIN) + DAY_MIN) % DAY_MIN
}
