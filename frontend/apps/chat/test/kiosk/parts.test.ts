import { describe, expect, test } from 'vitest'
import { configOf, type ServedKiosk } from '../../src/kiosk/config'
import { isOpen, minutesSince, momentOf } from '../../src/kiosk/hours'
import { LEFT_MS, Presence, STAYED_MS } from '../../src/kiosk/presence'
import { VoiceGate } from '../../src/kiosk/voice-gate'
import { SERVED } from './served'

function config(query: string, changes: Partial<ServedKiosk> = {}) {
  return configOf({ ...SERVED, ...changes }, new URLSearchParams(query))
}

describe('how the screen is to be', () => {
  test('as the service says', () => {
    expect(config('')).toMatchObject({
      avatar: 'nora',
      languages: ['en', 'zh'],
      voice: true,
      camera: false,
      background: 'dusk',
      rules: { openWeek: [[480, 1080]], silenceMs: 25_000, farewellMs: 10_000, restartMinute: 240 },
    })
  })

  test('unless the address says otherwise', () => {
    const query = 'avatar=pip&languages=zh,en&greeting=欢迎！&voice=0&camera=1&keyboard=1&background=ink'
    expect(config(query)).toMatchObject({
      avatar: 'pip',
      languages: ['zh', 'en'],
      greetings: { en: 'Hello!', zh: '欢迎！' },
      voice: false,
      camera: true,
      keyboard: true,
      background: 'ink',
    })
  })

  test('what the address gets wrong changes nothing', () => {
    expect(config('languages=fr&voice=yes&background=nowhere')).toEqual(config(''))
  })

  test('an image of its own, which a named background takes the place of', () => {
    const image = { background: null, background_url: '/api/kiosk/background' }
    expect(config('', image)).toMatchObject({ background: 'own', backgroundUrl: '/api/kiosk/background' })
    expect(config('background=studio', image)).toMatchObject({ background: 'studio', backgroundUrl: null })
  })
})

describe('hours', () => {
  test('a moment is counted from Monday', () => {
    expect(momentOf(new Date(2026, 10, 23, 0, 0)).weekMinute).toBe(0)
    expect(momentOf(new Date(2026, 10, 22, 23, 59)).weekMinute).toBe(7 * 24 * 60 - 1)
  })

  test('how long something lasts does not hang on a clock that is put right', () => {
    const before = momentOf(new Date(2026, 10, 23, 12, 0))
    const after = momentOf(new Date(2026, 10, 23, 11, 0))
    expect(after.ms - before.ms).toBeGreaterThanOrEqual(0)
    expect(after.ms - before.ms).toBeLessThan(60_000)
  })

  test('open from the first minute to before the last; always, where there are none', () => {
    const open = (weekMinute: number): boolean => isOpen([[480, 1080]], { ms: 0, weekMinute })
    expect([479, 480, 1079, 1080].map(open)).toEqual([false, true, true, false])
    expect(isOpen([], { ms: 0, weekMinute: 5 })).toBe(true)
  })

  test('how long ago a time of day was', () => {
    const since = (weekMinute: number): number => minutesSince(240, { ms: 0, weekMinute })
    expect([240, 239, 1440 + 250].map(since)).toEqual([0, 1439, 10])
  })
})

describe('a voice', () => {
  const frames = (gate: VoiceGate, level: number, count: number): number =>
    Array.from({ length: count }, () => gate.push(level)).filter(Boolean).length

  test('that stands out of the hall wakes', () => {
    const gate = new VoiceGate()
    expect(frames(gate, 0.2, 100)).toBe(0)
    expect(frames(gate, 0.6, 12)).toBe(1)
  })

  test('with its pauses wakes as well', () => {
    const gate = new VoiceGate()
    frames(gate, 0.2, 100)
    const syllables = [1, 2, 3, 4].map(() => frames(gate, 0.6, 4) + frames(gate, 0.25, 3))
    expect(syllables.reduce((sum, one) => sum + one)).toBe(1)
  })

  test('is not a door that slams, nor a murmur, nor a hall that is always loud', () => {
    const gate = new VoiceGate()
    frames(gate, 0.2, 100)
    expect(frames(gate, 0.9, 6) + frames(gate, 0.2, 40)).toBe(0)
    expect(frames(gate, 0.33, 200)).toBe(0)
    expect(frames(new VoiceGate(), 0.6, 1000)).toBe(0)
  })

  test('wakes out of a loud hall only when it is louder still', () => {
    const gate = new VoiceGate()
    frames(gate, 0.5, 500)
    expect(frames(gate, 0.65, 30)).toBe(0)
    expect(frames(gate, 0.8, 30)).toBeGreaterThan(0)
  })
})

describe('a face', () => {
  test('that stays wakes until it is welcomed; whoever passes by does not', () => {
    const presence = new Presence()
    expect(presence.looked(true, 0)).toBe(false)
    expect(presence.looked(true, STAYED_MS - 1)).toBe(false)
    expect(presence.looked(true, STAYED_MS)).toBe(true)
    expect(presence.looked(true, STAYED_MS + 200)).toBe(true)
    presence.welcomed()
    expect(presence.looked(true, STAYED_MS + 400)).toBe(false)
  })

  test('may be lost for a moment without becoming somebody else', () => {
    const presence = new Presence()
    presence.looked(true, 0)
    presence.looked(true, STAYED_MS)
    presence.welcomed()
    presence.looked(false, STAYED_MS + 400)
    expect(presence.looked(true, STAYED_MS + LEFT_MS - 1)).toBe(false)
  })

  test('that comes after the hall was empty is somebody else', () => {
    const presence = new Presence()
    presence.looked(true, 0)
    presence.looked(true, STAYED_MS)
    presence.welcomed()
    const later = STAYED_MS + LEFT_MS
    expect(presence.looked(true, later)).toBe(false)
    expect(presence.looked(true, later + STAYED_MS)).toBe(true)
  })
})
