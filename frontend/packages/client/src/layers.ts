/** Which of several pictures that lie on each other are to be seen. Pure. */

const NONE = 0.002
const FULL = 0.998

/**
 * From the lowest that shows to the uppermost. opacities: 0…1, lowest first; null for a picture that
 * is not there yet. What lies below one that hides it is left out.
 */
export function layersInSight(opacities: readonly (number | null)[]): number[] {
  const there = opacities.flatMap((opacity, index) => ((opacity ?? 0) > NONE ? [index] : []))
  const hiding = there.findLastIndex((index) => opacities[index]! >= FULL)
  return there.slice(Math.max(0, hiding))
}

/**
 * How much of a video's height is the picture: all of it, or, where its matte lies below it at half
 * size, two thirds. width, height: of the picture.
 */
export function pictureShare(
  video: { width: number; height: number },
  picture: { width: number; height: number },
): number {
  const isStacked = video.height * picture.width > 1.25 * picture.height * video.width
  return isStacked ? 2 / 3 : 1
}
