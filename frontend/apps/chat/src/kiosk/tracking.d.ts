/** The part of `tracking` that is used here. It puts itself on `window`, as scripts did in its day. */
interface FoundPlace {
  x: number
  y: number
  width: number
  height: number
  /** How many steps and scales agree on it. */
  total: number
}

interface Cascade {
  classifiers: { face: Float64Array }
  /** pixels: RGBA, row by row. */
  detect(
    pixels: Uint8ClampedArray,
    width: number,
    height: number,
    initialScale: number,
    scaleFactor: number,
    stepSize: number,
    edgesDensity: number,
    data: Float64Array,
  ): FoundPlace[]
}

interface Window {
  tracking: { ViolaJones: Cascade }
}

declare module 'tracking'
declare module 'tracking/build/data/face-min.js'
