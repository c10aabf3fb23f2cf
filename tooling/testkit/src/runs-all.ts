/**
 * Whether everything runs (`RQ_TEST=all`, `pnpm test:all`). Otherwise a sweep takes a fixed sample of its points, in which
 * each kind of point and each scenario is represented.
 */
export const RUNS_ALL: boolean = process.env.RQ_TEST === 'all'
