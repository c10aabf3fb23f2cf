const SCALES: readonly number[] = [20, 50, 100, 200, 400, 600, 800, 1000]
const MOST_CELLS = 20

/** The end of the scale for `largest`: the first of RQ's steps that fits, else `largest` itself. */
export function scaleFor(largest: number): number {
  return SCALES.find((scale) => largest <= scale) ?? largest
}

/** The length of the longest bar in a line of `columns` of which `used` are taken: 20 cells or fewer, perhaps none. */
export function cellsFor(columns: number, used: number): number {
  return Math.max(0, Math.min(MOST_CELLS, columns - used))
}

/** A bar for `count` on a scale from 0 to `scale`, at most `cells` long. */
export function bar(count: number, scale: number, cells: number): string {
  return '█'.repeat(Math.min(cells, Math.floor((count * cells) / scale)))
}
