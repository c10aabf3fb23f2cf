import { onTestFinished, TestRunner } from 'vitest'

/**
 * Clean up when the running test ends, also when it timed out and so never left its `await using` scopes. Outside of a
 * test this does nothing: the caller disposes of what it made. The same in a concurrent test, since vitest does not
 * know which of them calls, and the end of another one would clean up here.
 */
export function atTestEnd(cleanUp: () => Promise<void>): void {
  if (TestRunner.getCurrentTest()?.concurrent === true) return
  try {
    onTestFinished(cleanUp)
  } catch {
    // In a hook of the whole file, or not in vitest.
  }
}
