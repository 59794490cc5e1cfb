/** Brings a player's element into sight over the idle face, and takes it out again. */

export const FADE_IN_MS = 140
export const FADE_OUT_MS = 220

export function reveal(element: HTMLElement, fadeMs: number): void {
  fade(element, '1', fadeMs)
}

export function conceal(element: HTMLElement, fadeMs: number): void {
  fade(element, '0', fadeMs)
}

export function isInSight(element: HTMLElement): boolean {
  return element.style.opacity === '1'
}

function fade(element: HTMLElement, opacity: string, fadeMs: number): void {
  const transition = fadeMs > 0 ? `opacity ${fadeMs}ms ease` : 'none'
  Object.assign(element.style, { opacity, transition })
}
