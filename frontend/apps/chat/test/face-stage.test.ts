import type { AvatarInfo } from '@avatar-chat/client'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import FaceStage from '../src/components/FaceStage.vue'
import { useBackdrop } from '../src/stores/backdrop'
import { useCall } from '../src/stores/call'
import { useService } from '../src/stores/service'
import { useSettings } from '../src/stores/settings'
import { mounted } from './mounted'

const NORA = {
  id: 'nora', name: 'Nora', alpha: true, width: 512, height: 512, idle_url: 'idle.mp4', poster_url: 'poster.jpg',
  clips: { idle: 'idle.mp4', listening: 'listening.mp4', thinking: 'thinking.mp4' },
} as unknown as AvatarInfo
/** Does whatever it is told, and gives something for it. */
const GRAPHICS = new Proxy({}, { get: () => () => ({}) })
let root: HTMLElement
let call: ReturnType<typeof useCall>

/** A face before a background of its own, in a browser that can. */
beforeEach(async () => {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(GRAPHICS as RenderingContext)
  const pinia = createPinia()
  setActivePinia(pinia)
  useSettings().background = 'dusk'
  call = useCall()
  call.attach = () => undefined
  root = mounted(FaceStage, {}, pinia)
  useService().avatars = [NORA]
  await nextTick()
  Object.defineProperties(idle(), { readyState: { value: 4 }, videoWidth: { value: 512 }, videoHeight: { value: 768 } })
  idle().style.opacity = '1'
})

const part = (name: string): HTMLElement => root.querySelector(`[data-testid=${name}]`)!
const idle = (): HTMLVideoElement => part('idle-video') as HTMLVideoElement
const isOut = (): string | undefined => part('face').dataset.free
const unfit = (): Element | null => root.querySelector('.unfit')

async function graphics(event: string): Promise<Event> {
  const told = new Event(event, { cancelable: true })
  part('figure').dispatchEvent(told)
  await nextTick()
  return told
}

test('the plain picture is seen as long as the graphics are gone', async () => {
  await vi.waitFor(() => expect(isOut()).toBe('true'))
  expect(idle().src).toContain('alpha=stacked')
  const lost = await graphics('webglcontextlost')
  expect([isOut(), lost.defaultPrevented, useBackdrop().isPossible]).toEqual(['false', true, false])
  expect(idle().src).not.toContain('alpha')
  await graphics('webglcontextrestored')
  expect(idle().src).toContain('alpha=stacked')
  await vi.waitFor(() => expect(isOut()).toBe('true'))
})

test('what is being said with its matte just then is only heard', async () => {
  call.phase = 'speaking'
  await nextTick()
  expect(unfit()).toBeNull()
  await graphics('webglcontextlost')
  expect([unfit(), isOut()]).toEqual([expect.anything(), 'false'])
  call.phase = 'ready'
  await nextTick()
  expect(unfit()).toBeNull()
})

test('six videos without a name are kept from who cannot see them', () => {
  for (const moving of root.querySelectorAll('video, canvas')) {
    expect(moving.closest('[aria-hidden=true]')).not.toBeNull()
  }
})
