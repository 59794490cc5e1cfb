/** What a figure can stand before. */
export type BackgroundId = 'studio' | 'mist' | 'paper' | 'ink' | 'sage' | 'dusk' | 'dawn' | 'lagoon' | 'own'

/** CSS of each; the studio is in the pictures themselves, and one's own is an image. */
const STYLES: Record<Exclude<BackgroundId, 'studio' | 'own'>, string> = {
  mist: '#dbe4e6',
  paper: '#f6f3ec',
  ink: '#10191d',
  sage: '#7f978a',
  dusk: 'linear-gradient(165deg, #33415f 0%, #6d5b7b 52%, #d99c79 100%)',
  dawn: 'linear-gradient(160deg, #f9e3c8 0%, #f2bfa4 48%, #a9b7cf 100%)',
  lagoon: 'linear-gradient(165deg, #0f3d47 0%, #2b7f80 55%, #b5dccb 100%)',
}

export const BACKGROUNDS = ['studio', ...(Object.keys(STYLES) as (keyof typeof STYLES)[])] as const

/** What CSS calls it; null for the studio, and for one's own where there is none. */
export function backgroundStyle(id: BackgroundId, ownImage: string | null): string | null {
  if (id === 'studio') return null
  if (id === 'own') return ownImage && `center / cover no-repeat url("${ownImage}")`
  return STYLES[id] ?? null
}

const KEY = 'avatar-chat.background'
const LONGEST_PX = 1600

export function keptImage(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null // storage refused: none was kept
  }
}

/** An image as a URL that this browser can keep. Throws where it cannot be read or kept. */
export async function keepImage(file: Blob): Promise<string> {
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  const url = canvas.toDataURL('image/jpeg', 0.85)
  localStorage.setItem(KEY, url)
  return url
}
