import { beforeEach, expect, test, vi } from 'vitest'
import { ask, Forbidden } from '../src/lib/api'
import { forgetToken, savedToken, saveToken, takeTokenFromAddress } from '../src/lib/token'

beforeEach(() => sessionStorage.clear())

function answers(status: number): ReturnType<typeof vi.fn> {
  const fetching = vi.fn(() => Promise.resolve(new Response('{}', { status })))
  vi.stubGlobal('fetch', fetching)
  return fetching
}

test('a token out of the address is kept in this tab and gone from the address', () => {
  location.hash = '#token=sesame'
  takeTokenFromAddress()
  expect(savedToken()).toBe('sesame')
  expect(location.hash).toBe('')
  takeTokenFromAddress()
  expect(savedToken()).toBe('sesame')
})

test('it goes with every question, until it is forgotten', async () => {
  const fetching = answers(200)
  saveToken(' sesame ')
  await ask('api/status')
  expect(fetching.mock.calls[0]).toMatchObject(['../api/status', { headers: { Authorization: 'Bearer sesame' } }])
  forgetToken()
  await ask('api/status')
  expect(fetching.mock.calls[1]).toMatchObject(['../api/status', { headers: {} }])
})

test('what comes along unseen when it is pasted is no part of it', () => {
  saveToken('\u200bses ame\u00a0\ufeff\n')
  expect(savedToken()).toBe('sesame')
})

test.each([401, 403])('%d is told apart from what is broken', async (status) => {
  answers(status)
  await expect(ask('api/status/log')).rejects.toBeInstanceOf(Forbidden)
  answers(500)
  await expect(ask('api/status/log')).rejects.not.toBeInstanceOf(Forbidden)
})
