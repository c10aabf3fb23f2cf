import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { patience } from './patience.ts'

export interface EventuallyOptions {
  /** How long to go on trying, before `patience` scales it. Default 60,000: a busy machine is no failure. */
  timeoutMs?: number
  /** How long between two tries. Default 10. */
  intervalMs?: number
  /**
   * Called when the time is up; its value is shown in the error: `{ show: () => job.getStatus() }`. Default: nothing.
   */
  show?: () => unknown
}

/**
 * Call `fn` until it neither throws nor returns `false`, and return its value. The only way in which a test may poll.
 * @throws Error that holds what `fn` did last: what it threw (also as the cause), or that it returned false, with the
 * source of `fn` and what `show` returned.
 */
export async function eventually<T>(fn: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 60_000, intervalMs = 10, show } = options
  const startedMs = performance.now()
  for (let tries = 1; ; tries++) {
    let failure: unknown
    try {
      const value = await fn()
      if (value !== false) return value
      failure = new Error(`${sourceOf(fn)} returned false`)
    } catch (error) {
      failure = error
    }
    const passedMs = performance.now() - startedMs
    if (passedMs >= patience(timeoutMs)) throw await timedOut({ failure, passedMs, tries, show })
    await delay(intervalMs)
  }
}

interface LastTry {
  readonly failure: unknown
  readonly passedMs: number
  readonly tries: number
  readonly show: EventuallyOptions['show'] | undefined
}

async function timedOut({ failure, passedMs, tries, show }: LastTry): Promise<Error> {
  const reason = failure instanceof Error ? failure.message : inspect(failure)
  const lines = [`Not so after ${Math.round(passedMs)} ms and ${tries} tries: ${reason}`]
  if (show !== undefined) {
    const shown = await Promise.resolve()
      .then(show)
      .catch((error: unknown) => error)
    lines.push(`At the end: ${inspect(shown, { depth: 5 })}`)
  }
  return new Error(lines.join('\n'), { cause: failure })
}

/** The condition as it is written, on one line. */
function sourceOf(fn: () => unknown): string {
  const source = String(fn).replaceAll(/\s+/g, ' ')
  return source.length > 200 ? `${source.slice(0, 200)}...` : source
}
