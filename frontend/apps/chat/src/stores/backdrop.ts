/** What the figure stands before, as far as the face and this browser allow it. */
import { canComposite } from '@avatar-chat/client'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { backgroundStyle, keepImage, keptImage } from '../lib/backgrounds'
import { useSettings } from './settings'

export const useBackdrop = defineStore('backdrop', () => {
  const settings = useSettings()
  const image = ref(keptImage())
  /** Not while the browser has taken its graphics away. */
  const isPossible = ref(canComposite())
  const style = computed(() => (isPossible.value ? backgroundStyle(settings.background, image.value) : null))

  /** False when the file is no image, or too large a one to be kept. */
  async function choose(file: Blob): Promise<boolean> {
    try {
      image.value = await keepImage(file)
    } catch (error) {
      console.info('this background cannot be kept:', error)
      return false
    }
    settings.background = 'own'
    return true
  }

  return { image, isPossible, style, choose }
})
