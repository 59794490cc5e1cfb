import { expect, test } from 'vitest'
import { isComposing } from '../src/lib/composing'

test.each([
  ['within a composition', { isComposing: true, keyCode: 13 }, true],
  ['that ends one in Safari', { isComposing: false, keyCode: 229 }, true],
  ['of its own', { isComposing: false, keyCode: 13 }, false],
])('a key %s', (_, key, expected) => {
  expect(isComposing(key as KeyboardEvent)).toBe(expected)
})
