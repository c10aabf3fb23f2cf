import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MB = 1024 ** 2
/** What is smaller does not count. */
const LARGE = 256 * 1024
/** After so many bytes of large payloads the memory of those that are gone is freed. */
const COLLECT_EVERY = 8 * MB
/** In a heap of more than this a collection takes too long. The process has other things to do than this worker's. */
const LARGEST_HEAP = 64 * MB

/**
 * Frees the memory of large payloads that are gone. Their bytes lie outside of V8's heap, and V8 looks for
 * them only when some 64 MB more have come: a worker would keep those of the last jobs beside those of the next one.
 */
export class LargeGarbage {
  readonly #largestHeap: number
  #bytes = 0
  #isDue = false

  constructor(largestHeap = LARGEST_HEAP) {
    this.#largestHeap = largestHeap
  }

  /** Memory of a payload is or will be free. */
  note(bytes: number): void {
    if (bytes < LARGE) return
    this.#bytes += bytes
    if (this.#bytes < COLLECT_EVERY || this.#isDue) return
    this.#bytes = 0
    this.#isDue = true
    // When those that have just used it have let it go.
    setImmediate(() => {
      this.#isDue = false
      if (getHeapStatistics().used_heap_size < this.#largestHeap) collect()
    })
  }
}

let gc: (() => void) | undefined

/** Does nothing where there is no such function. */
function collect(): void {
  try {
    gc ??= findGc()
    gc()
  } catch {
    gc = () => {}
  }
}

/** The flag gives the function to new contexts only, so no code of others finds it. */
function findGc(): () => void {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : undefined')
  setFlagsFromString('--no-expose-gc')
  return typeof found === 'function' ? (found as () => void) : () => {}
}
