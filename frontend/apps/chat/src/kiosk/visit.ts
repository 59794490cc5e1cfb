/**
 * What a screen in a lobby does, and when: from the empty hall to a visit and back. Pure.
 *
 * News and the time come in as arguments; what follows from a change of stage is `useKiosk`'s business.
 */
import { isOpen, minutesSince, type Moment } from './hours'

export type Stage =
  /** Outside the opening hours. */
  | 'asleep'
  /** Nobody is there: the face invites. */
  | 'attract'
  /** Somebody has come, and is being greeted. */
  | 'greeting'
  | 'visit'
  /** It has been quiet for a while: is anybody still there? */
  | 'ending'
  /** The page is about to load itself anew. */
  | 'restarting'

export interface Kiosk {
  stage: Stage
  /** When this stage began. */
  sinceMs: number
  /** The last sign of life in a visit. */
  quietSinceMs: number
  /** The face thinks, speaks, or has fallen silent to hear. */
  busy: boolean
  /** Since when the service cannot be reached; null while it can. */
  downSinceMs: number | null
  /** When somebody came who has not been greeted yet; null for nobody. */
  cameMs: number | null
  /** When the page was loaded. */
  bornMs: number
}

export type News =
  | { type: 'time' }
  /** Somebody touched the screen, spoke in the hall, or looked into the camera. */
  | { type: 'came' }
  /** The visitor spoke, wrote or touched. */
  | { type: 'sign' }
  | { type: 'face'; busy: boolean }
  | { type: 'line'; isUp: boolean }
  /** The computer was asleep: whoever was there has gone. */
  | { type: 'slept' }
  /** The page could not be loaded anew: it stays. */
  | { type: 'stayed' }

export interface Rules {
  /** Spans of minutes since Monday 00:00; none: always open. */
  openWeek: readonly (readonly [number, number])[]
  silenceMs: number
  farewellMs: number
  /** Minute of the day at which the page loads itself anew; null for never. */
  restartMinute: number | null
}

/** A greeting that takes longer is not waited for. */
export const GREETING_MS = 20_000
/** Whoever came to a line that was down is greeted if it is up by then; later they may have gone on. */
export const COMING_MS = 5_000
/** A visitor does not wait longer for a line that is down. */
export const LOST_MS = 45_000
/** Nobody has been there for so long: nobody sees the page go. */
export const CALM_MS = 60_000
/** Who finds no quiet minute this long after the time to restart leaves it for the next night. */
export const RESTART_WITHIN_MIN = 180

export function begin(now: Moment): Kiosk {
  return {
    stage: 'attract',
    sinceMs: now.ms,
    quietSinceMs: now.ms,
    busy: false,
    downSinceMs: now.ms,
    cameMs: null,
    bornMs: now.ms,
  }
}

export function isVisited({ stage }: Kiosk): boolean {
  return stage === 'greeting' || stage === 'visit' || stage === 'ending'
}

/** Somebody has come of late, and was not greeted yet. */
export function isExpected({ cameMs }: Kiosk, now: Moment): boolean {
  return cameMs !== null && now.ms - cameMs <= COMING_MS
}

/** The place is closed, and nobody is there any more: whatever goes on is done in the dark. */
export function isNight(kiosk: Kiosk, now: Moment, rules: Rules): boolean {
  return !isVisited(kiosk) && !isOpen(rules.openWeek, now)
}

export function next(kiosk: Kiosk, news: News, now: Moment, rules: Rules): Kiosk {
  return settled(heard(kiosk, news, now), now, rules)
}

function heard(kiosk: Kiosk, news: News, now: Moment): Kiosk {
  switch (news.type) {
    case 'time':
      return kiosk
    case 'came':
      if (kiosk.stage === 'attract' || kiosk.stage === 'restarting') return { ...kiosk, cameMs: now.ms }
      // Who touches it twice wants the greeting all the same.
      if (kiosk.stage === 'greeting') return kiosk
      return heard(kiosk, { type: 'sign' }, now)
    case 'sign':
      return isVisited(kiosk) ? talking(kiosk, now) : kiosk
    case 'face':
      return faced(kiosk, news.busy, now)
    case 'line':
      if (news.isUp) return mended(kiosk, now)
      return { ...kiosk, busy: false, downSinceMs: kiosk.downSinceMs ?? now.ms }
    case 'slept':
      return isVisited(kiosk) ? enter(kiosk, 'attract', now) : kiosk
    case 'stayed':
      return kiosk.stage === 'restarting' ? enter(kiosk, 'attract', now) : kiosk
  }
}

/** A visitor can but wait for a line that is down, and sees no question: that time is not their silence. */
function mended(kiosk: Kiosk, now: Moment): Kiosk {
  const quietSinceMs = Math.min(now.ms, kiosk.quietSinceMs + downMs(kiosk, now))
  return { ...kiosk, downSinceMs: null, quietSinceMs }
}

/** For how long the line has been down; 0 while it is up. */
function downMs({ downSinceMs }: Kiosk, now: Moment): number {
  return downSinceMs === null ? 0 : now.ms - downSinceMs
}

function faced(kiosk: Kiosk, busy: boolean, now: Moment): Kiosk {
  const known = { ...kiosk, busy }
  if (busy) return kiosk.stage === 'ending' ? talking(known, now) : known
  // Whoever was spoken to has all the time to answer.
  const isGreeted = kiosk.stage === 'greeting' && kiosk.busy
  return isGreeted || (kiosk.stage === 'visit' && kiosk.busy) ? talking(known, now) : known
}

/** What the clock brings about. */
function settled(kiosk: Kiosk, now: Moment, rules: Rules): Kiosk {
  if (isVisited(kiosk) && downMs(kiosk, now) >= LOST_MS) {
    return settled(enter(kiosk, 'attract', now), now, rules)
  }
  const quietMs = now.ms - kiosk.quietSinceMs - downMs(kiosk, now)
  switch (kiosk.stage) {
    case 'asleep':
      if (isOpen(rules.openWeek, now)) return enter(kiosk, 'attract', now)
      return mayRestart(kiosk, now, rules) ? enter(kiosk, 'restarting', now) : kiosk
    case 'attract':
      if (isAwaited(kiosk, now)) return enter(kiosk, 'greeting', now)
      if (!isOpen(rules.openWeek, now)) return enter(kiosk, 'asleep', now)
      return mayRestart(kiosk, now, rules) ? enter(kiosk, 'restarting', now) : kiosk
    case 'greeting':
      return now.ms - kiosk.sinceMs >= GREETING_MS ? talking(kiosk, now) : kiosk
    case 'visit':
      if (kiosk.busy) return { ...kiosk, quietSinceMs: now.ms }
      return quietMs >= rules.silenceMs ? enter(kiosk, 'ending', now) : kiosk
    case 'ending':
      return quietMs >= rules.farewellMs ? settled(enter(kiosk, 'attract', now), now, rules) : kiosk
    case 'restarting':
      return isAwaited(kiosk, now) && isOpen(rules.openWeek, now) ? enter(kiosk, 'greeting', now) : kiosk
  }
}

/** Somebody has come, and the line is there to greet them. */
function isAwaited(kiosk: Kiosk, now: Moment): boolean {
  return isExpected(kiosk, now) && kiosk.downSinceMs === null
}

function mayRestart(kiosk: Kiosk, now: Moment, rules: Rules): boolean {
  if (rules.restartMinute === null || kiosk.downSinceMs !== null) return false
  const sinceMin = minutesSince(rules.restartMinute, now)
  const wasThere = now.ms - kiosk.bornMs > (sinceMin + 1) * 60_000
  return wasThere && sinceMin < RESTART_WITHIN_MIN && now.ms - kiosk.sinceMs >= CALM_MS
}

function enter(kiosk: Kiosk, stage: Stage, now: Moment): Kiosk {
  return { ...kiosk, stage, sinceMs: now.ms, quietSinceMs: now.ms, cameMs: null }
}

function talking(kiosk: Kiosk, now: Moment): Kiosk {
  return kiosk.stage === 'visit' ? { ...kiosk, quietSinceMs: now.ms } : enter(kiosk, 'visit', now)
}
