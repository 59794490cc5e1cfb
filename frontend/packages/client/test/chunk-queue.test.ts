import { expect, test } from 'vitest'
import { ChunkQueue } from '../src/chunk-queue'
import { media, videoMeta } from './fakes'

const chunk = (generation_id: number, chunk_seq: number) => media(videoMeta({ generation_id, chunk_seq }))
const seqs = (queue: ChunkQueue) => {
  const taken: number[] = []
  for (let next = queue.take(); next; next = queue.take()) taken.push(next.meta.chunk_seq)
  return taken
}

test('chunks leave in the order of the reply, whatever order they came in', () => {
  const queue = new ChunkQueue()
  for (const seq of [1, 0, 2]) expect(queue.push(chunk(1, seq))).toBe('queued')
  expect(seqs(queue)).toEqual([0, 1, 2])
})

test('a newer reply supersedes what waits', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(1, 0))
  expect(queue.push(chunk(2, 0))).toBe('superseded')
  expect(queue.take()?.meta.generation_id).toBe(2)
  expect(queue.peek()).toBeUndefined()
})

test('an older reply is dropped', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(2, 0))
  expect(queue.push(chunk(1, 1))).toBe('dropped')
})

test('a chunk that was taken does not come back', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(1, 0))
  queue.take()
  expect(queue.push(chunk(1, 0))).toBe('dropped')
})

test('a chunk after the reply ran dry is late; the first one never is', () => {
  const queue = new ChunkQueue()
  expect(queue.take()).toBeUndefined()
  expect(queue.push(chunk(1, 0))).toBe('queued')
  queue.take()
  queue.take()
  expect(queue.push(chunk(1, 1))).toBe('late')
  expect(queue.push(chunk(1, 2))).toBe('queued')
})

test('after a cut the rest of the reply is dropped and the next one passes', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(3, 0))
  queue.cut()
  queue.cut()
  expect(queue.peek()).toBeUndefined()
  expect(queue.push(chunk(3, 1))).toBe('dropped')
  expect(queue.push(chunk(4, 0))).toBe('queued')
})

test('dropping what is before a generation tells whether there was anything', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(3, 0))
  expect(queue.dropBefore(3)).toBe(false)
  expect(queue.peek()?.meta.generation_id).toBe(3)
  expect(queue.dropBefore(4)).toBe(true)
  expect(queue.peek()).toBeUndefined()
  expect(queue.dropBefore(4)).toBe(false)
})

test('a reset forgets the count', () => {
  const queue = new ChunkQueue()
  queue.push(chunk(9, 0))
  queue.reset()
  expect(queue.push(chunk(1, 0))).toBe('queued')
})
