import { expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import AttractLayer from '../../src/kiosk/AttractLayer.vue'
import { configOf, type Language } from '../../src/kiosk/config'
import { mounted } from '../mounted'
import { SERVED } from './served'

test.each<[Language[], string]>([
  [['zh'], '直接说话，或轻触屏幕'],
  [['en', 'zh'], 'Just speak, or touch the screen'],
])('keys can begin a visit in the first of %s', async (languages, label) => {
  const onChoose = vi.fn()
  const config = configOf({ ...SERVED, languages }, new URLSearchParams())
  const root = mounted(AttractLayer, { config, hears: true, onChoose })
  await nextTick()
  const button = root.querySelector<HTMLButtonElement>('button.call')!
  button.click()
  expect([button.type, button.getAttribute('aria-label'), onChoose.mock.calls]).toEqual(['button', label, [[languages[0]]]])
})
