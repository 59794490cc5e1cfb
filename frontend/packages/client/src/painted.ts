/** Waiting for the first picture of a playing video. */

interface VideoWithFrames {
  requestVideoFrameCallback?: (callback: () => void) => number
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
