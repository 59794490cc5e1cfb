import { expect, test } from 'vitest'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { ELSEWHERE, microphoneProblem, serverProblem, UNREACHABLE, WAKING, type Problem } from '../src/lib/problems'

const CODES = [
  'session_limit_reached', 'unauthorized', 'busy', 'session_expired', 'bad_message', 'unknown_type',
  'too_large', 'rate_limited', 'bad_audio', 'not_available', 'unknown_avatar', 'broken_avatar', 'model_file',
  'provider_failed', 'provider_unavailable', 'provider_timeout', 'engine', 'worker_died', 'internal', 'asset',
]

function words(messages: object, key: string): unknown {
  return key.split('.').reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], messages)
}

const problems: Problem[] = [
  ELSEWHERE,
  UNREACHABLE,
  WAKING,
  ...CODES.map((code) => serverProblem(code, 'detail', true)!),
  ...(['denied', 'no_device', 'in_use', 'insecure', 'unsupported'] as const).map(microphoneProblem),
]

test.each(problems)('$key has words in both languages', ({ key }) => {
  for (const messages of [en, zh]) expect(words(messages, key)).toBeTypeOf('string')
})

test('a lost session is retried by coming back, a failed reply by asking again', () => {
  expect(serverProblem('session_limit_reached', '', false)?.retry).toBe('reconnect')
  expect(serverProblem('provider_timeout', '', true)?.retry).toBe('resend')
  expect(serverProblem('something_new', '', false)?.retry).toBe('reconnect')
})

test('crossing frames of a closing microphone are no problem', () => {
  expect(serverProblem('not_listening', 'Not listening.', true)).toBeNull()
})
