/** Small charts without axes, as paths in a box of 100 × 30. */

export const WIDTH = 100
export const HEIGHT = 30

type Values = readonly (number | null)[]

interface Point {
  x: number
  y: number
}

/** Broken nowhere: where there was nothing to measure the line goes on to the next value. */
export function line(values: Values, top = highest(values)): string {
  return points(values, top)
    .map(({ x, y }, index) => `${index ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`)
    .join('')
}

export function area(values: Values, top = highest(values)): string {
  const all = points(values, top)
  const [begin, end] = [all[0], all.at(-1)]
  return begin && end ? `${line(values, top)}L${end.x.toFixed(2)} ${HEIGHT}L${begin.x.toFixed(2)} ${HEIGHT}Z` : ''
}

function points(values: Values, top: number): Point[] {
  const step = WIDTH / Math.max(1, values.length - 1)
  return values.flatMap((value, index) =>
    value === null ? [] : [{ x: index * step, y: HEIGHT - 1 - ((HEIGHT - 2) * value) / top }],
  )
}

/** From the first value on: what was before the service began is no course. */
export function begun(values: Values): Values {
  return values.slice(Math.max(0, values.findIndex((value) => value !== null)))
}

/** Never 0: nothing at all lies at the bottom. */
export function highest(values: Values): number {
  return Math.max(0, ...values.map((value) => value ?? 0)) || 1
}
