import { RqError } from '@rq/core'

/** What a pool worker sends when it refuses its options: every worker in its place would refuse them, too. */
interface PoolWorkerRefusal {
  readonly type: 'refused'
  readonly message: string
  readonly option: unknown
}

/** The message to the pool about an error that a worker ended with; undefined when another worker may do better. */
export function refusalOf(error: unknown): PoolWorkerRefusal | undefined {
  if (!(error instanceof RqError) || error.code !== 'RQ_INVALID_OPTION') return undefined
  return { type: 'refused', message: error.message, option: error.details?.option }
}

/** The error that such a message stands for; undefined for other messages. */
export function readRefusal(message: unknown): RqError | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { message: text, option, type } = message as Partial<PoolWorkerRefusal>
  if (type !== 'refused' || typeof text !== 'string') return undefined
  return new RqError('RQ_INVALID_OPTION', text, { details: { option } })
}
