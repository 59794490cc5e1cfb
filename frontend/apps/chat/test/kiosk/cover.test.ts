import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { takeCover } from '../../src/kiosk/cover'

const KEY = 'avatar-chat.kiosk-cover'
const PICTURE = 'data:image/png;base64,'
const decode = vi.fn<() => Promise<void>>()

beforeEach(() => {
  sessionStorage.clear()
  decode.mockResolvedValue()
  vi.stubGlobal('Image', class {
    decode = decode
  })
})
afterEach(() => vi.unstubAllGlobals())

test('what a page has left is taken once', async () => {
  sessionStorage.setItem(KEY, PICTURE)
  expect([await takeCover(), await takeCover()]).toEqual([PICTURE, null])
})

test('a picture that is broken is none', async () => {
  sessionStorage.setItem(KEY, PICTURE)
  decode.mockRejectedValue(new DOMException('broken', 'EncodingError'))
  expect(await takeCover()).toBeNull()
})

test('where storage is refused there is none', async () => {
  vi.stubGlobal('sessionStorage', null)
  expect(await takeCover()).toBeNull()
})
