/**
 * The Vitest projects whose files have a suffix: `x.process.test.ts` belongs to `processes`. Files without one, plain
 * `x.test.ts`, belong to `unit`.
 */
export const SUFFIXES = /** @type {const} */ ({
  redis: 'redis',
  processes: 'process',
  sweeps: 'sweep',
  python: 'python',
  long: 'long',
})

/** The projects of `pnpm test`. `pnpm test:all` runs all of them. */
export const QUICK = /** @type {const} */ (['unit', 'redis', 'processes', 'sweeps'])

/**
 * @param {string} file The path of a test file.
 * @returns {string} the name of its project
 */
export function projectOf(file) {
  const [, suffix] = /\.(\w+)\.test\.ts$/.exec(file) ?? []
  return Object.entries(SUFFIXES).find(([, ending]) => ending === suffix)?.[0] ?? 'unit'
}
