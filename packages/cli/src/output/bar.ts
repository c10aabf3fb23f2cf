const SCALES: readonly number[] = [20, 50, 100, 200, 400, 600, 800, 1000]
const MOST_CELLS = 20

/** The end of the scale on which `largest` is drawn: the first step of RQ's that fits, else itself. */
export function scaleFor(largest: number): number {
  return SCALES.find((scale) => largest <= scale) ?? largest
}

/**
 * The longest bar in a line of `columns` that also holds a text of length `beside`: at most 20 cells, and none where
 * there is no room.
 */
export function cellsFor(columns: number, beside: number): number {
  return Math.max(0, Math.min(MOST_CELLS, columns - beside))
}

/** A bar for `count` on a scale that ends at `scale`. */
export function bar(count: number, scale: number, cells: number): string {
  return '█'.repeat(Math.min(cells, Math.floor((count * cells) / scale)))
}
