/** The factor of `RQ_TEST_PATIENCE`: how much more time a slow or busy machine gets. Default 1. */
const FACTOR = Number(process.env.RQ_TEST_PATIENCE || 1)

/**
 * A time limit for something that is going to happen, scaled for this machine: `result({ timeout: patience(60) })`. The
 * limit ends a test that hangs; it is no part of what the test asserts, so it is far above what an idle machine needs.
 */
export function patience(time: number): number {
  return time * FACTOR
}
