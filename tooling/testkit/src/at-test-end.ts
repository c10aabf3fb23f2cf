import { onTestFinished } from 'vitest'

/**
 * Clean up when the running test ends, also when it ran out of time and so never left its `await using` scopes.
 * Outside of a test it does nothing: who made the thing disposes of it.
 */
export function atTestEnd(cleanUp: () => Promise<void>): void {
  try {
    onTestFinished(cleanUp)
  } catch {
    // In a hook of the whole file, or not in vitest.
  }
}
