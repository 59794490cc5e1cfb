/** Light or dark, as chosen or as the system says, for our styles and for Ant Design's. */
import { theme as antd } from 'ant-design-vue'
import { computed, onScopeDispose, ref, watchEffect } from 'vue'
import { useSettings } from '../stores/settings'

export function useTheme() {
  const settings = useSettings()
  const system = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(system.matches)
  const follow = (event: MediaQueryListEvent): void => void (systemDark.value = event.matches)
  system.addEventListener('change', follow)
  onScopeDispose(() => system.removeEventListener('change', follow))

  const dark = computed(() => (settings.theme === 'system' ? systemDark.value : settings.theme === 'dark'))
  watchEffect(() => (document.documentElement.dataset.theme = dark.value ? 'dark' : 'light'))

  const antdTheme = computed(() => ({
    algorithm: dark.value ? antd.darkAlgorithm : antd.defaultAlgorithm,
    token: {
      colorPrimary: dark.value ? '#f3a953' : '#1d4a57',
      colorBgElevated: dark.value ? '#152227' : '#f6f9f8',
      colorBgContainer: dark.value ? '#0e191d' : '#ffffff',
      colorText: dark.value ? '#e6efee' : '#142a32',
      borderRadius: 12,
      borderRadiusLG: 18,
      fontFamily: 'var(--font-text)',
      fontSize: 15,
      controlHeight: 40,
      wireframe: false,
    },
    components: {
      Slider: { colorPrimaryBorder: dark.value ? '#f3a953' : '#1d4a57' },
      Segmented: { colorBgLayout: dark.value ? '#0c1619' : '#dfe7e6' },
    },
  }))
  return { dark, antdTheme }
}
