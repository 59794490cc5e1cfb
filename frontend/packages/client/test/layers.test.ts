import { expect, test } from 'vitest'
import { layersInSight, pictureShare } from '../src/layers'

test.each([
  ['one', [1], [0]],
  ['nothing', [0, null], []],
  ['what hides the rest', [1, 0, 1, 0], [2]],
  ['a dissolve', [1, 0.4, 0, 0], [0, 1]],
  ['a dissolve over what hides the rest', [1, 1, 0.5], [1, 2]],
  ['the old one while the new one has no picture', [1, null], [0]],
  ['one that fades in from nothing', [0, 0.3], [1]],
])('%s', (_name, opacities, seen) => {
  expect(layersInSight(opacities)).toEqual(seen)
})

test.each([
  [512, 512, 1],
  [512, 768, 2 / 3],
  [256, 384, 2 / 3],
])('a video of %d by %d for a square picture', (width, height, share) => {
  expect(pictureShare({ width, height }, { width: 512, height: 512 })).toBe(share)
})

test('a portrait is no stacked square', () => {
  const picture = { width: 480, height: 640 }
  expect(pictureShare({ width: 480, height: 640 }, picture)).toBe(1)
  expect(pictureShare({ width: 480, height: 960 }, picture)).toBe(2 / 3)
})
