import { expect, test } from 'vitest'
import { LineChoice } from '../src/line-choice'

test('plain requests are tried after two sockets that never opened', () => {
  const choice = new LineChoice()
  choice.ended('socket', false)
  expect(choice.next).toBe('socket')
  choice.ended('socket', false)
  expect(choice.next).toBe('polling')
})

test('a socket that was open and broke says nothing against sockets', () => {
  const choice = new LineChoice()
  choice.ended('socket', false)
  choice.ended('socket', true)
  choice.ended('socket', false)
  expect(choice.next).toBe('socket')
})

test('a socket that hangs is enough', () => {
  const choice = new LineChoice()
  choice.gaveUp()
  expect(choice.next).toBe('polling')
})

test('when a polling line ends, one socket is tried again', () => {
  const choice = new LineChoice()
  choice.gaveUp()
  choice.ended('polling', true)
  expect(choice.next).toBe('socket')
  choice.ended('socket', false)
  expect(choice.next).toBe('polling')
})
