import '@fontsource-variable/bricolage-grotesque/wght.css'
import '@fontsource-variable/figtree/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './i18n'
import { loadAnewWhenOutdated } from './lib/outdated'

const isKiosk = new URLSearchParams(location.search).get('kiosk') === '1'
const page = isKiosk ? await (await import('./kiosk/open')).openKiosk() : App

// A kiosk knows for itself when it may.
if (!isKiosk) loadAnewWhenOutdated()
createApp(page).use(createPinia()).use(i18n).mount('#app')
