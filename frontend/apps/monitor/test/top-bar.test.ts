import { createPinia } from 'pinia'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApp, nextTick, type App } from 'vue'
import TopBar from '../src/components/TopBar.vue'
import { savedToken, saveToken } from '../src/lib/token'

let root: HTMLElement
let app: App

beforeEach(() => {
  sessionStorage.clear()
  root = document.createElement('div')
  app = createApp(TopBar).use(createPinia())
})
afterEach(() => app.unmount())

test('a token that keeps everything out can be let go of', async () => {
  saveToken('wrong')
  app.mount(root)
  await nextTick()
  root.querySelector('button')!.click()
  expect(savedToken()).toBeNull()
})

test('without one there is nothing to sign out of', async () => {
  app.mount(root)
  await nextTick()
  expect(root.querySelector('button')).toBeNull()
})
