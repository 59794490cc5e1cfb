import { expect, test } from 'vitest'
import { MediaPairing } from '../src/pairing'
import { videoMeta } from './fakes'

test('a meta is paired with the frame right after it', () => {
  const pairing = new MediaPairing()
  const meta = videoMeta({ size: 3 })
  expect(pairing.text(meta)).toBeNull()
  const data = new ArrayBuffer(3)
  expect(pairing.binary(data)).toEqual({ media: { meta, data } })
})

test('a frame without a meta is a defect, also a second one', () => {
  const pairing = new MediaPairing()
  pairing.text(videoMeta({ size: 3 }))
  pairing.binary(new ArrayBuffer(3))
  expect(pairing.binary(new ArrayBuffer(3))).toEqual({ defect: '3 bytes came without a meta' })
})

test('a frame of another size is a defect', () => {
  const pairing = new MediaPairing()
  pairing.text(videoMeta({ size: 3, chunk_seq: 7 }))
  expect(pairing.binary(new ArrayBuffer(5))).toEqual({ defect: 'chunk 7 has 5 bytes instead of 3' })
})

test('text between a meta and its frame breaks the pair', () => {
  const pairing = new MediaPairing()
  pairing.text(videoMeta({ chunk_seq: 7 }))
  expect(pairing.text(null)).toBe('chunk 7 came without its media')
  expect(pairing.binary(new ArrayBuffer(4))).toHaveProperty('defect')
})
