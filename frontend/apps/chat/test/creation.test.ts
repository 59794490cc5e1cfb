import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as service from '../src/lib/creation'
import { CreationRefused, type Progress } from '../src/lib/creation'
import { useCreation } from '../src/stores/creation'

vi.mock('../src/lib/creation', async (original) => ({
  ...(await original<typeof service>()),
  upload: vi.fn(),
  progress: vi.fn(),
  remove: vi.fn(),
}))
const progress = vi.mocked(service.progress)
const OFFLINE = new CreationRefused('offline')

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json([])))
  setActivePinia(createPinia())
  vi.mocked(service.upload).mockReset().mockResolvedValue({ job: 'j', steps: ['find', 'draw'] })
  progress.mockReset()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function news(changes: Partial<Progress> = {}): Progress {
  return { number: 0, state: 'working', step: 'find', part: 0.5, avatar: null, code: null, ...changes }
}

async function make() {
  const creation = useCreation()
  const making = creation.make(new Blob(), 'Ada')
  await vi.runAllTimersAsync()
  await making
  return creation
}

test('a broken line is no end of the making', async () => {
  progress
    .mockResolvedValueOnce(news({ number: 4 }))
    .mockRejectedValueOnce(OFFLINE)
    .mockRejectedValueOnce(OFFLINE)
    .mockResolvedValueOnce(news({ number: 5, state: 'done', avatar: 'ada' }))
  const creation = await make()
  expect([creation.act, creation.made, creation.refusal]).toEqual(['done', 'ada', null])
  expect(progress.mock.calls.map(([, after]) => after)).toEqual([-1, 4, 4, 4])
})

test('a service that stays away ends it', async () => {
  progress.mockRejectedValue(OFFLINE)
  const creation = await make()
  expect([creation.act, creation.refusal]).toEqual(['choosing', 'offline'])
})

test('a refusal is asked about once', async () => {
  progress.mockRejectedValue(new CreationRefused('internal'))
  await make()
  expect(progress).toHaveBeenCalledTimes(1)
})

test('an answer that is none leaves nobody waiting', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  progress.mockRejectedValue(new SyntaxError('no JSON'))
  const creation = await make()
  expect([creation.act, creation.refusal]).toEqual(['choosing', 'internal'])
  expect(told).toHaveBeenCalled()
})

test('a deletion that is refused says why, and is no matter of the making', async () => {
  vi.mocked(service.remove).mockRejectedValueOnce(OFFLINE)
  const creation = useCreation()
  expect(await creation.remove('ada')).toBe('offline')
  expect(creation.refusal).toBeNull()
  expect(await creation.remove('ada')).toBeNull()
})
