import { getCurrentJob, type Job, NoRetryError } from 'rq'

class BankError extends Error {
  override readonly name = 'BankError'
  readonly status = 503
}

/** Takes the order after `busy` attempts. */
export function pay(order: string, busy: number): string {
  if (order === '') throw new NoRetryError('there is no order', { details: { order } })
  const { attempt = 1 } = getCurrentJob() ?? {}
  if (attempt <= busy) throw new BankError(`busy, attempt ${attempt}`)
  return `${order} paid`
}

/** Called after each failed attempt but the last. */
export function isTransient(error: Error & { status?: number }): boolean {
  return error.status === 503
}

export function tellSupport(job: Job): void {
  process.stderr.write(`support is told of attempt ${job.attempt} of ${job.maxAttempts}\n`)
}
