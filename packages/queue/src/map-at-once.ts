/**
 * Map a list with an async function, at most `most` calls of which are under way at once. The results have the order
 * of the list. Rejects with the first error, and begins no further call then.
 */
export async function mapAtOnce<T, R>(items: readonly T[], most: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let hasFailed = false
  async function mapMore(): Promise<void> {
    while (next < items.length && !hasFailed) {
      const at = next++
      results[at] = await map(items[at] as T)
    }
  }
  const stopOthers = (error: unknown) => {
    hasFailed = true
    throw error
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, () => mapMore().catch(stopOthers)))
  return results
}
