import { onTestFinished } from 'vitest'
import { getCurrentTest } from 'vitest/suite'

/**
 * Clean up when the running test ends, also when it ran out of time and so never left its `await using` scopes.
 * Outside of a test it does nothing: who made the thing disposes of it. So it does in a concurrent one, since there vitest
 * cannot tell which of them is asking, and the end of another would clean up here.
 */
export function atTestEnd(cleanUp: () => Promise<void>): void {
  if (getCurrentTest()?.concurrent === true) return
  try {
    onTestFinished(cleanUp)
  } catch {
    // In a hook of the whole file, or not in vitest.
  }
}
