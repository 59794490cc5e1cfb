import { expect, test } from 'vitest'
import { preferredLocale } from '../src/i18n'
import { standIns } from '../src/lib/standins'

test.each([
  [['zh-CN', 'en'], 'zh'],
  [['fr', 'zh-TW'], 'zh'],
  [['en-GB', 'zh'], 'en'],
  [['fr'], 'en'],
] as const)('readers of %o get %s', (languages, locale) => {
  expect(preferredLocale(languages)).toBe(locale)
})

test('only embedded providers are stand-ins', () => {
  const real = { vad: 'silero', asr: 'whisper', llm: 'openai', tts: 'edge', avatar: 'lightlips' }
  expect(standIns(real)).toEqual([])
  expect(standIns({ ...real, asr: 'pocketsphinx', tts: 'espeak' })).toEqual(['asr', 'tts'])
})
