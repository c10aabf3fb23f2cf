import { RqError } from '@rq/core'
import type { Storage } from '@rq/job'
import type { CallError } from '../inside-horse/protocol.ts'
import type { Horse } from './horse.ts'
import type { HorseCall } from './horse-owner.ts'
import { checkOwnCall } from './own-calls.ts'

/**
 * The methods of the store that a job may call through its worker. None takes a pipeline, which no channel can carry.
 */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  jobs: [
    'fetch',
    'exists',
    'status',
    'save',
    'update',
    'meta',
    'cancel',
    'delete',
    'requeue',
    'results',
    'awaitResult',
    'addMessages',
    'readMessages',
    'dependentIds',
    'explain',
    'executions',
  ],
  queues: ['queueNames', 'count', 'jobIds', 'position'],
  admin: ['isSuspended', 'sendCommand'],
}

/**
 * Make a horse's call to the store, and send the answer back. Never rejects.
 * @param isOwnOnly - refuse what reaches more than the job that runs.
 */
export async function answerCall(storage: Storage, horse: Horse, wanted: HorseCall, isOwnOnly: boolean): Promise<void> {
  const { call, port, method, args } = wanted
  try {
    if (isOwnOnly) checkOwnCall(horse.running, wanted)
    const value = await invoke(storage, port, method, args)
    horse.reply(wanted, { call, value })
  } catch (error) {
    horse.reply(wanted, { call, error: asCallError(error) })
  }
}

function invoke(storage: Storage, port: string, method: string, args: readonly unknown[]): unknown {
  if (!Object.hasOwn(METHODS, port) || METHODS[port]?.includes(method) !== true) {
    throw new RqError('RQ_INVALID_OPERATION', `${port}.${method} cannot be called from inside a job.`)
  }
  const target = storage[port as 'jobs'] as unknown as Record<string, (...args: unknown[]) => unknown>
  // JSON turns undefined into null, and no method of a store takes null.
  return target[method]?.(...args.map((arg) => arg ?? undefined))
}

function asCallError(error: unknown): CallError {
  if (error instanceof RqError) return { code: error.code, message: error.message, retryable: error.retryable }
  return { code: 'RQ_REDIS', message: error instanceof Error ? error.message : String(error), retryable: false }
}
