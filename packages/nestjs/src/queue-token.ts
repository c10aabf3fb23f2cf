/** The token under which modules provide a queue: for `overrideProvider()` in tests, and factories that inject it. */
export function getQueueToken(name: string): string {
  return `RqQueue_${name}`
}
