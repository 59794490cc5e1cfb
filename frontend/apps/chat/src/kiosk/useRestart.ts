/** Loads the page anew behind a picture of itself; only if the service is there to answer. */
import { ref } from 'vue'
import { leaveCover } from './cover'

const FADE_MS = 900

export function useRestart(before: string | null) {
  /** The picture that lies over everything. */
  const cover = ref(before)

  /** The page comes to an end here; false when it has to stay. */
  async function restart(posterUrl: string): Promise<boolean> {
    try {
      const page = await fetch(location.href, { cache: 'no-store' })
      if (!page.ok) throw new Error(`${location.href}: ${page.status}`)
      cover.value = await leaveCover(posterUrl)
    } catch (error) {
      console.info('avatar-chat: not the time to load the page anew:', error)
      return false
    }
    setTimeout(() => location.reload(), FADE_MS)
    return true
  }

  function uncover(): void {
    cover.value = null
  }

  return { cover, restart, uncover }
}
