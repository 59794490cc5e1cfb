/**
 * A service that was upgraded no longer has what an older page fetches on demand. Such a page is loaded
 * anew, and goes on with its conversation (see `resumption.ts`).
 */
const KEY = 'avatar-chat.loaded-anew'
const AGAIN_MS = 2_000

export function loadAnewWhenOutdated(): void {
  addEventListener('vite:preloadError', () => void (isFirstTime() && loadAnew()))
}

/** For this page as it was built: one whose parts are missing even so would be loaded for ever. */
function isFirstTime(): boolean {
  try {
    if (sessionStorage.getItem(KEY) === import.meta.url) return false
    sessionStorage.setItem(KEY, import.meta.url)
    return true
  } catch {
    return false // storage refused: nobody could tell
  }
}

/** While the service is away there would be no page at all. */
async function loadAnew(): Promise<void> {
  const page = await fetch(location.href, { cache: 'no-store' }).catch(() => null)
  if (page?.ok) location.reload()
  else setTimeout(() => void loadAnew(), AGAIN_MS)
}
