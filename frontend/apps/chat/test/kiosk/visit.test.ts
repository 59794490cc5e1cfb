import { describe, expect, test } from 'vitest'
import type { Moment } from '../../src/kiosk/hours'
import {
  begin,
  CALM_MS,
  COMING_MS,
  GREETING_MS,
  isNight,
  isVisited,
  LOST_MS,
  next,
  type Kiosk,
  type News,
  type Rules,
  type Stage,
} from '../../src/kiosk/visit'

const RULES: Rules = { openWeek: [], silenceMs: 25_000, farewellMs: 10_000, restartMinute: null }
const NOON = 12 * 60
const STAGES: Stage[] = ['asleep', 'attract', 'greeting', 'visit', 'ending', 'restarting']
const TIME: News = { type: 'time' }
const CAME: News = { type: 'came' }
const SIGN: News = { type: 'sign' }
const STAYED: News = { type: 'stayed' }
const BUSY: News = { type: 'face', busy: true }
const DONE: News = { type: 'face', busy: false }
const UP: News = { type: 'line', isUp: true }
const DOWN: News = { type: 'line', isUp: false }

/** Monday noon and so much later. */
function at(ms: number, minute = NOON): Moment {
  return { ms, weekMinute: (minute + Math.floor(ms / 60_000)) % (7 * 24 * 60) }
}

function standing(stage: Stage, changes: Partial<Kiosk> = {}): Kiosk {
  return { ...begin(at(0)), downSinceMs: null, stage, ...changes }
}

/** News, each with the moment it comes in; the stages that follow. */
function course(start: Kiosk, news: [ms: number, news: News][], rules = RULES): Stage[] {
  let kiosk = start
  return news.map(([ms, one]) => (kiosk = next(kiosk, one, at(ms), rules)).stage)
}

test.each(STAGES)('a computer that slept has no visitor any more: %s', (stage) => {
  const woken = next(standing(stage), { type: 'slept' }, at(1_000), RULES)
  const isKept = stage === 'restarting'
  expect(woken.stage).toBe(isKept ? stage : 'attract')
})

test('a whole visit, from the empty hall back to it', () => {
  const stages = course(begin(at(0)), [
    [100, UP],
    [5_000, CAME],
    [6_000, BUSY],
    [9_000, DONE],
    [12_000, SIGN],
    [13_000, BUSY],
    [20_000, TIME],
    [60_000, DONE],
    [84_999, TIME],
    [85_000, TIME],
    [94_999, TIME],
    [95_000, TIME],
  ])
  expect(stages).toEqual([
    'attract', 'greeting', 'greeting', 'visit', 'visit', 'visit',
    'visit', 'visit', 'visit', 'ending', 'ending', 'attract',
  ])
})

/** What each piece of news makes of each stage, at once, with the line up and nobody speaking. */
const TABLE: Record<string, [News, Stage[]]> = {
  time: [TIME, ['attract', 'attract', 'greeting', 'visit', 'ending', 'restarting']],
  came: [CAME, ['attract', 'greeting', 'greeting', 'visit', 'visit', 'greeting']],
  sign: [SIGN, ['attract', 'attract', 'visit', 'visit', 'visit', 'restarting']],
  'the face is busy': [BUSY, ['attract', 'attract', 'greeting', 'visit', 'visit', 'restarting']],
  'the face is done': [DONE, ['attract', 'attract', 'greeting', 'visit', 'ending', 'restarting']],
  'the line is up': [UP, ['attract', 'attract', 'greeting', 'visit', 'ending', 'restarting']],
  'the line is down': [DOWN, ['attract', 'attract', 'greeting', 'visit', 'ending', 'restarting']],
  stayed: [STAYED, ['attract', 'attract', 'greeting', 'visit', 'ending', 'attract']],
}

describe.each(Object.entries(TABLE))('%s', (_, [news, expected]) => {
  test.each(STAGES.map((stage, index) => [stage, expected[index]!] as const))('%s → %s', (stage, after) => {
    expect(next(standing(stage), news, at(10), RULES).stage).toBe(after)
  })
})

/** The same, on a Monday noon that is closed: who is there stays until the visit is over. */
test.each([
  ['asleep', 'asleep'],
  ['attract', 'asleep'],
  ['greeting', 'greeting'],
  ['visit', 'visit'],
  ['ending', 'ending'],
  ['restarting', 'restarting'],
] as const)('closed: %s → %s', (stage, after) => {
  const rules = { ...RULES, openWeek: [[0, 60]] as const }
  expect(next(standing(stage), TIME, at(10), rules).stage).toBe(after)
})

test.each([
  ['attract', true],
  ['asleep', true],
  ['restarting', true],
  ['greeting', false],
  ['visit', false],
  ['ending', false],
] as const)('while closed, %s is night: %s', (stage, night) => {
  const rules = { ...RULES, openWeek: [[0, 60]] as const }
  expect(isNight(standing(stage), at(10), rules)).toBe(night)
  expect(isNight(standing(stage), at(10), RULES)).toBe(false)
})

test('a page that comes while the place is closed is asleep at once', () => {
  const rules = { ...RULES, openWeek: [[0, 60]] as const }
  expect(next(begin(at(0)), TIME, at(0), rules).stage).toBe('asleep')
})

test.each(['asleep', 'restarting'] as const)('a touch does not wake a place that is closed: %s', (stage) => {
  const rules = { ...RULES, openWeek: [[0, 60]] as const }
  expect(next(standing(stage), CAME, at(10), rules).stage).toBe(stage)
})

test('a visit that ends after closing time ends asleep', () => {
  const rules = { ...RULES, openWeek: [[0, 60]] as const }
  expect(next(standing('ending'), TIME, at(10_000), rules).stage).toBe('asleep')
})

test('whoever touches it while the line is down is greeted when it is up', () => {
  expect(course(begin(at(0)), [[10, CAME], [20, TIME], [30, UP]])).toEqual(['attract', 'attract', 'greeting'])
})

test.each([
  [COMING_MS, 'greeting'],
  [COMING_MS + 1, 'attract'],
] as const)('a line that is up %d ms after the touch: %s', (ms, stage) => {
  expect(course(standing('attract', { downSinceMs: 0 }), [[0, CAME], [ms, UP]]).at(-1)).toBe(stage)
})

test('one touch is one greeting', () => {
  const rules = { ...RULES, silenceMs: 100, farewellMs: 100 }
  const stages = course(standing('attract'), [[10, CAME], [20, SIGN], [120, TIME], [220, TIME], [230, UP]], rules)
  expect(stages).toEqual(['greeting', 'visit', 'ending', 'attract', 'attract'])
})

test('who touches it twice is greeted all the same', () => {
  const stages = course(standing('attract'), [[10, CAME], [300, CAME], [600, CAME], [5_000, BUSY], [9_000, DONE]])
  expect(stages).toEqual(['greeting', 'greeting', 'greeting', 'greeting', 'visit'])
})

test('a touch does not make a greeting last longer', () => {
  expect(course(standing('greeting'), [[GREETING_MS - 1, CAME], [GREETING_MS, TIME]])).toEqual(['greeting', 'visit'])
})

test('a greeting that nobody gets to hear is not waited for', () => {
  expect(course(standing('greeting'), [[GREETING_MS - 1, TIME], [GREETING_MS, TIME]])).toEqual(['greeting', 'visit'])
})

test('nobody is silent while the face speaks', () => {
  const busy = standing('visit', { busy: true })
  expect(course(busy, [[300_000, TIME], [300_100, DONE], [325_099, TIME], [325_100, TIME]])).toEqual([
    'visit', 'visit', 'visit', 'ending',
  ])
})

test('a sign of life takes the farewell back, and the quiet begins anew', () => {
  expect(course(standing('ending'), [[9_000, SIGN], [33_999, TIME], [34_000, TIME]])).toEqual([
    'visit', 'visit', 'ending',
  ])
})

test.each(['greeting', 'visit', 'ending'] as const)('a line that stays down ends the %s', (stage) => {
  const rules = { ...RULES, silenceMs: 1e9, farewellMs: 1e9 }
  const stages = course(standing(stage), [[0, DOWN], [LOST_MS - 1, DOWN], [LOST_MS, TIME]], rules)
  expect(isVisited(standing(stages[1]!))).toBe(true)
  expect(stages[2]).toBe('attract')
})

test('a line that comes back in time does not', () => {
  const rules = { ...RULES, silenceMs: 1e9 }
  expect(course(standing('visit'), [[0, DOWN], [LOST_MS - 1, UP], [LOST_MS + 1, TIME]], rules).at(-1)).toBe('visit')
})

test('time in which the line is down is not taken for silence', () => {
  const news: [number, News][] = [[20_000, DOWN], [49_000, TIME], [50_000, UP], [54_999, TIME], [55_000, TIME]]
  expect(course(standing('visit'), news)).toEqual(['visit', 'visit', 'visit', 'visit', 'ending'])
})

test('nor for leaving: nobody sees the question meanwhile', () => {
  const news: [number, News][] = [[8_000, DOWN], [39_000, TIME], [40_000, UP], [41_999, TIME], [42_000, TIME]]
  expect(course(standing('ending'), news)).toEqual(['ending', 'ending', 'ending', 'ending', 'attract'])
})

test('a sign of life while the line is down counts once', () => {
  const news: [number, News][] = [[0, DOWN], [10_000, SIGN], [20_000, UP], [44_999, TIME], [45_000, TIME]]
  expect(course(standing('visit'), news).slice(-2)).toEqual(['visit', 'ending'])
})

test('what was being said is over when the line goes down', () => {
  expect(next(standing('visit', { busy: true }), DOWN, at(10), RULES).busy).toBe(false)
})

describe('the nightly restart', () => {
  const rules = { ...RULES, restartMinute: 4 * 60 }
  const HOUR_MS = 3_600_000
  /** Loaded on Monday noon; 04:00 is sixteen hours later. */
  const FOUR_MS = 16 * HOUR_MS

  test.each(['attract', 'asleep'] as const)('comes at its minute: %s', (stage) => {
    const closed = stage === 'asleep' ? { ...rules, openWeek: [[0, 60]] as const } : rules
    expect(course(standing(stage), [[FOUR_MS - 60_000, TIME], [FOUR_MS, TIME]], closed)).toEqual([stage, 'restarting'])
  })

  test('stays in the dark where the place is closed, whether it comes about or not', () => {
    const closed = { ...rules, openWeek: [[0, 60]] as const }
    const restarting = next(standing('asleep'), TIME, at(FOUR_MS), closed)
    const stayed = next(restarting, STAYED, at(FOUR_MS), closed)
    expect([restarting.stage, stayed.stage]).toEqual(['restarting', 'asleep'])
    expect([restarting, stayed].map((one) => isNight(one, at(FOUR_MS), closed))).toEqual([true, true])
  })

  test('not while somebody is there, and not right after', () => {
    const ending = standing('ending', { sinceMs: FOUR_MS, quietSinceMs: FOUR_MS })
    const goneMs = FOUR_MS + RULES.farewellMs
    const stages = course(
      ending,
      [[FOUR_MS, TIME], [goneMs, TIME], [goneMs + CALM_MS - 1, TIME], [goneMs + CALM_MS, TIME]],
      rules,
    )
    expect(stages).toEqual(['ending', 'attract', 'attract', 'restarting'])
  })

  test('not while the line is down', () => {
    expect(next(standing('attract', { downSinceMs: 0 }), TIME, at(FOUR_MS), rules).stage).toBe('attract')
  })

  test('not for a page that was loaded since, nor in the middle of the day, nor where it is switched off', () => {
    const fresh = standing('attract', { bornMs: FOUR_MS, sinceMs: FOUR_MS })
    expect(next(fresh, TIME, at(FOUR_MS + HOUR_MS), rules).stage).toBe('attract')
    expect(next(standing('attract'), TIME, at(24 * HOUR_MS), rules).stage).toBe('attract')
    expect(next(standing('attract'), TIME, at(FOUR_MS), RULES).stage).toBe('attract')
  })

  test('a page that could not go tries again after a while', () => {
    const stayed = next(standing('restarting'), STAYED, at(FOUR_MS), rules)
    expect(stayed.stage).toBe('attract')
    expect(next(stayed, TIME, at(FOUR_MS + CALM_MS - 1), rules).stage).toBe('attract')
    expect(next(stayed, TIME, at(FOUR_MS + CALM_MS), rules).stage).toBe('restarting')
  })
})
