/**
 * The picture that lies over the page while it loads itself anew. The page that goes leaves it in the
 * tab's storage, and the one that comes shows it first, so that nobody sees them change.
 */
const KEY = 'avatar-chat.kiosk-cover'

/** What an earlier page has left; ready to be shown. */
export async function takeCover(): Promise<string | null> {
  try {
    const url = sessionStorage.getItem(KEY)
    sessionStorage.removeItem(KEY)
    if (url) await decoded(url)
    return url
  } catch {
    return null // storage refused or a broken picture: the page comes without
  }
}

/** Of a picture's address. Throws when it cannot be fetched. */
export async function leaveCover(pictureUrl: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(pictureUrl, { signal })
  if (!answer.ok) throw new Error(`${pictureUrl}: ${answer.status}`)
  const url = await dataUrl(await answer.blob())
  await decoded(url)
  sessionStorage.setItem(KEY, url)
  return url
}

function decoded(url: string): Promise<void> {
  const image = new Image()
  image.src = url
  return image.decode()
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(new Error('unreadable picture', { cause: reader.error }))
    reader.readAsDataURL(blob)
  })
}
