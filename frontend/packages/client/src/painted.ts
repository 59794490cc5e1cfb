/** Knowing which picture of a video is really on the screen. */

interface Frame {
  mediaTime: number
}

interface VideoWithFrames {
  requestVideoFrameCallback?: (callback: (now: number, frame: Frame) => void) => number
}

/** A browser may skip the callback for a covered element; the clock moving is proof enough then. */
const FALLBACK_MS = 120

/** Resolves once the element, which has been told to play, shows a picture of its current source. */
export function whenPainted(element: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FALLBACK_MS)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const frames = element as VideoWithFrames
    if (frames.requestVideoFrameCallback) frames.requestVideoFrameCallback(done)
    else requestAnimationFrame(() => requestAnimationFrame(done))
  })
}

/**
 * Tells every picture that is shown, by its second in the media. A hidden page shows none, and old
 * browsers do not tell: then the clock of the element does, a few times a second.
 */
export function watchFrames(element: HTMLVideoElement, shown: (mediaTimeS: number) => void): void {
  const frames = element as VideoWithFrames
  const next = (_now: number, frame: Frame): void => {
    shown(frame.mediaTime)
    frames.requestVideoFrameCallback!(next)
  }
  frames.requestVideoFrameCallback?.(next)
  element.addEventListener('timeupdate', () => shown(element.currentTime))
}
