import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { useEscape } from '../src/composables/useEscape'

let scope: EffectScope
let pressed: ReturnType<typeof vi.fn<() => void>>

beforeEach(() => {
  pressed = vi.fn<() => void>()
  scope = effectScope()
  scope.run(() => useEscape(pressed))
})
afterEach(() => scope.stop())

function press(init: KeyboardEventInit, target: EventTarget = document.body): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, ...init }))
}

test('it is heard wherever the focus is, as long as the page is there', () => {
  press({})
  expect(pressed).toHaveBeenCalledOnce()
  scope.stop()
  press({})
  expect(pressed).toHaveBeenCalledOnce()
})

test('it is heard before what closes by it', () => {
  const drawer = document.body.appendChild(document.createElement('div'))
  let isOpen = true
  drawer.addEventListener('keydown', () => (isOpen = false))
  pressed.mockImplementation(() => expect(isOpen).toBe(true))
  press({}, drawer)
  expect([pressed.mock.calls.length, isOpen]).toEqual([1, false])
})

test('other keys, and those of an input method, are not it', () => {
  press({ key: 'Enter' })
  press({ isComposing: true })
  expect(pressed).not.toHaveBeenCalled()
})
