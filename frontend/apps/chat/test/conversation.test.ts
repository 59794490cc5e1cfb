import type { ServerMessage } from '@avatar-chat/client'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { useConversation } from '../src/stores/conversation'

beforeEach(() => setActivePinia(createPinia()))

const head = { session_id: 's', seq: 1 }
const text = (generation_id: number, chunk: string): ServerMessage => ({
  ...head,
  type: 'text_chunk',
  generation_id,
  chunk,
})
const sentence = (generation_id: number, index: number, words: string): ServerMessage => ({
  ...head,
  type: 'sentence',
  generation_id,
  index,
  text: words,
})
const end = (generation_id: number, reason: 'completed' | 'interrupted' | 'failed'): ServerMessage => ({
  ...head,
  type: 'turn_end',
  generation_id,
  reason,
  metrics: {},
})
const shown = () => useConversation().lines.map(({ role, text, state }) => [role, text.trim(), state])

test('a reply streams into one line', () => {
  const conversation = useConversation()
  conversation.ask('Hello')
  conversation.receive(text(1, 'Hi '))
  conversation.receive(text(1, 'there.'))
  expect(shown()).toEqual([
    ['user', 'Hello', 'done'],
    ['assistant', 'Hi there.', 'streaming'],
  ])
  conversation.receive(end(1, 'completed'))
  expect(shown()[1]).toEqual(['assistant', 'Hi there.', 'done'])
})

test('sentences are shown only where no text streams', () => {
  const conversation = useConversation()
  conversation.receive(sentence(1, 0, 'Welcome.'))
  conversation.receive(sentence(1, 1, 'Sit down.'))
  conversation.receive(text(2, 'Hi.'))
  conversation.receive(sentence(2, 0, 'Hi.'))
  expect(shown().map(([, words]) => words)).toEqual(['Welcome. Sit down.', 'Hi.'])
})

test('what was cut stays cut, whatever the server says later', () => {
  const conversation = useConversation()
  conversation.receive(text(1, 'Once upon'))
  conversation.ask('Stop')
  conversation.receive(end(1, 'completed'))
  expect(shown()).toEqual([
    ['assistant', 'Once upon', 'interrupted'],
    ['user', 'Stop', 'done'],
  ])
})

test('speech is first a guess, then a line', () => {
  const conversation = useConversation()
  conversation.receive({ ...head, type: 'asr_partial', text: 'what is', language: 'en' })
  expect(conversation.hearing).toBe('what is')
  conversation.receive({ ...head, type: 'asr_final', text: 'What is it?', language: 'en' })
  expect(conversation.hearing).toBe('')
  expect(conversation.lastAsked).toBe('What is it?')
})

test('a cough leaves no words', () => {
  const conversation = useConversation()
  conversation.receive({ ...head, type: 'asr_partial', text: 'hm', language: 'en' })
  conversation.receive({ ...head, type: 'playback_control', action: 'resume' })
  expect(conversation.hearing).toBe('')
})

test('an empty transcript is no line', () => {
  const conversation = useConversation()
  conversation.receive({ ...head, type: 'asr_final', text: '', language: 'en' })
  expect(shown()).toEqual([])
})

test('after a reconnect the count starts again and old lines are left alone', () => {
  const conversation = useConversation()
  conversation.receive(text(1, 'Before'))
  conversation.reconnected(null)
  conversation.receive(text(1, 'After'))
  expect(shown()).toEqual([
    ['assistant', 'Before', 'interrupted'],
    ['assistant', 'After', 'streaming'],
  ])
})

test('a resumed session brings its own history', () => {
  const conversation = useConversation()
  conversation.ask('Hello')
  conversation.reconnected([
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: 'Hi', interrupted: true },
  ])
  expect(shown()).toEqual([
    ['user', 'Hello', 'done'],
    ['assistant', 'Hi', 'interrupted'],
  ])
})

test('a question that is sent again stands there once', () => {
  const conversation = useConversation()
  conversation.ask('Hello')
  conversation.reconnected([{ role: 'user', text: 'Hello', interrupted: false }])
  conversation.askedAgain('Hello')
  expect(shown()).toEqual([['user', 'Hello', 'done']])
  conversation.reconnected([])
  conversation.askedAgain('Hello')
  expect(shown()).toEqual([['user', 'Hello', 'done']])
})

test('a question may be asked again as long as nothing has answered it to the end', () => {
  const conversation = useConversation()
  conversation.receive(sentence(1, 0, 'Welcome.'))
  conversation.receive(end(1, 'failed'))
  expect(conversation.isUnanswered).toBe(false)
  conversation.ask('Hello')
  expect(conversation.isUnanswered).toBe(true)
  conversation.receive(text(2, 'Hi'))
  expect(conversation.isUnanswered).toBe(false)
  conversation.receive(end(2, 'failed'))
  expect(conversation.isUnanswered).toBe(true)
  conversation.ask('Once more')
  conversation.receive(text(3, 'Hi.'))
  conversation.receive(end(3, 'completed'))
  expect(conversation.isUnanswered).toBe(false)
})
