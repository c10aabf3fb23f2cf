/**
 * Whether everything runs (`RQ_TEST=all`, `pnpm test:all`). Otherwise a sweep takes a fixed sample of its points, in
 * which each kind of point and each scenario is represented, and random tests make fewer attempts.
 */
export const RUNS_ALL: boolean = process.env.RQ_TEST === 'all'

/** How many random attempts to make: all of them, or a quarter. */
export function attempts(all: number): number {
  return RUNS_ALL ? all : Math.ceil(all / 4)
}
