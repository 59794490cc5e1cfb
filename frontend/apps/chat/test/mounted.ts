/** A component on a page of its own, as long as the test runs. */
import { createPinia, setActivePinia } from 'pinia'
import { onTestFinished } from 'vitest'
import { createApp, type Component } from 'vue'
import { i18n } from '../src/i18n'

/** Its stores are those that the test sees from then on, unless it has made some before. */
export function mounted(component: Component, props: object = {}, pinia = createPinia()): HTMLElement {
  setActivePinia(pinia)
  const app = createApp(component, { ...props }).use(pinia).use(i18n)
  const root = document.body.appendChild(document.createElement('div'))
  app.mount(root)
  onTestFinished(() => {
    app.unmount()
    root.remove()
  })
  return root
}
