import { expect, test } from 'vitest'
import { clipOf, INITIAL_FACTS, phaseOf, type Facts, type Phase } from '../src/phase'

const cases: [Phase, Partial<Facts>][] = [
  ['connecting', { link: 'new' }],
  ['ready', {}],
  ['offline', { link: 'down' }],
  ['thinking', { asked: true }],
  ['thinking', { server: 'thinking', microphone: true }],
  ['speaking', { server: 'speaking' }],
  ['speaking', { player: 'playing', server: 'idle' }],
  ['speaking', { player: 'playing', link: 'down' }],
  ['hearing', { player: 'paused' }],
  ['offline', { player: 'paused', link: 'down' }],
  ['blocked', { player: 'blocked', server: 'speaking' }],
  ['listening', { microphone: true }],
  ['listening', { server: 'listening' }],
]

test.each(cases)('%s from %o', (phase, facts) => {
  expect(phaseOf({ ...INITIAL_FACTS, link: 'up', ...facts })).toBe(phase)
})

test.each([
  ['ready', 'idle'],
  ['listening', 'listening'],
  ['hearing', 'listening'],
  ['thinking', 'thinking'],
  ['speaking', 'idle'],
  ['offline', 'idle'],
] as const)('while %s the face is %s', (phase, clip) => {
  expect(clipOf(phase)).toBe(clip)
})
