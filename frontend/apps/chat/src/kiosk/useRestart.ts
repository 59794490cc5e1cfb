/** Loads the page anew, behind a picture of itself or in the dark; only if the service is there to answer. */
import { ref } from 'vue'
import { leaveCover } from './cover'

const FADE_MS = 900
/** A service that takes longer is not there. */
const PATIENCE_MS = 10_000

export function useRestart(before: string | null) {
  /** The picture that lies over everything. */
  const cover = ref(before)

  /** The page comes to an end here; false when it has to stay. Without a picture nothing covers it. */
  async function restart(posterUrl: string | null): Promise<boolean> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    try {
      const page = await fetch(location.href, { cache: 'no-store', signal })
      if (!page.ok) throw new Error(`${location.href}: ${page.status}`)
      if (posterUrl) cover.value = await leaveCover(posterUrl, signal)
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
