/**
 * Whether a face looks into the camera. Where the browser finds faces itself it is asked; elsewhere the
 * classic cascade of boosted classifiers (Viola and Jones, 2001) looks, which comes with the page.
 */

/** A face in front of the screen is at least this part of the picture's height. */
const NEAR = 0.2
const WIDTH = 160
const HEIGHT = 120

interface Seen {
  height: number
}

interface NativeDetector {
  detect(source: CanvasImageSource): Promise<{ boundingBox: Seen }[]>
}

declare global {
  interface Window {
    FaceDetector?: new (options: { fastMode: boolean; maxDetectedFaces: number }) => NativeDetector
  }
}

export type FindFace = (video: HTMLVideoElement) => Promise<boolean>

export async function faceFinder(): Promise<FindFace> {
  const faces = nativeFaces() ?? (await cascadeFaces())
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  return async (video) => {
    context.drawImage(video, 0, 0, WIDTH, HEIGHT)
    return (await faces(context)).some((face) => face.height >= NEAR * HEIGHT)
  }
}

type Faces = (picture: OffscreenCanvasRenderingContext2D) => Promise<Seen[]>

function nativeFaces(): Faces | null {
  if (!window.FaceDetector) return null
  const detector = new window.FaceDetector({ fastMode: true, maxDetectedFaces: 3 })
  return async ({ canvas }) => (await detector.detect(canvas)).map((face) => face.boundingBox)
}

/** The smallest face looked for, in units of the cascade's 20 pixels; then ever larger ones. */
const FIRST_SCALE = 1.2
const SCALE_STEP = 1.2
const STEP_PX = 1.5
/** Places with fewer edges than this hold no face. */
const EDGES = 0.1
/** A face is found at several steps and scales, a chance likeness once or twice. */
const AGREEING = 3

async function cascadeFaces(): Promise<Faces> {
  await import('tracking')
  await import('tracking/build/data/face-min.js')
  const cascade = window.tracking.ViolaJones
  return (context) => {
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT)
    const { face } = cascade.classifiers
    const found = cascade.detect(data, WIDTH, HEIGHT, FIRST_SCALE, SCALE_STEP, STEP_PX, EDGES, face)
    return Promise.resolve(found.filter((one) => one.total >= AGREEING))
  }
}
