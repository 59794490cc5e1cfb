/** Loads the page anew, behind a picture of itself or in the dark; only if the service is there to answer. */
import { ref } from 'vue'
import { leaveCover } from './cover'

const FADE_MS = 900
/** A service that takes longer is not there. */
const PATIENCE_MS = 10_000

export function useRestart(before: string | null) {
  /** The picture that lies over everything. */
  const cover = ref(before)
  let going = new AbortController()

  /** The page comes to an end here; false when it has to stay. Without a picture nothing covers it. */
  async function restart(posterUrl: string | null): Promise<boolean> {
    going = new AbortController()
    const signal = AbortSignal.any([going.signal, AbortSignal.timeout(PATIENCE_MS)])
    try {
      const page = await fetch(location.href, { cache: 'no-store', signal })
      if (!page.ok) throw new Error(`${location.href}: ${page.status}`)
      const picture = posterUrl && (await leaveCover(posterUrl, signal))
      signal.throwIfAborted()
      cover.value = picture
    } catch (error) {
      console.info('avatar-chat: not the time to load the page anew:', error)
      return false
    }
    const reload = setTimeout(() => location.reload(), FADE_MS)
    going.signal.addEventListener('abort', () => clearTimeout(reload))
    return true
  }

  /** Somebody has come: the page is needed as it is. */
  function stay(): void {
    going.abort()
    uncover()
  }

  function uncover(): void {
    cover.value = null
  }

  return { cover, restart, stay, uncover }
}
