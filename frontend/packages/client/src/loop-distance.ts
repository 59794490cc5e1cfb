/** The shorter way round from one second of a loop to another: positive ahead, negative behind. */
export function loopDistance(fromS: number, toS: number, loopS: number): number {
  const ahead = (((toS - fromS) % loopS) + loopS) % loopS
  return ahead > loopS / 2 ? ahead - loopS : ahead
}
