import { DAY_MS, MINUTE_MS, RqError, SECOND_MS, startTimer } from '@rq/core'
import { FunctionLoader } from '@rq/functions'
import {
  type AnyFunction,
  dependencyCycle,
  type JobRecord,
  type NewJob,
  type Outcome,
  type Settlement,
  settle,
  tooManyDependencies,
} from '@rq/job'
import { callWebhook, type WebhookPolicy, webhookCalls } from '@rq/webhooks'
import type { JobContext } from '../context.ts'
import { DuplicateJobError, duplicateOfKey, JobTimeoutError } from '../failure/job-errors.ts'
import type { Loader } from '../run/run-callback.ts'
import { attemptJob } from '../run/run-job.ts'
import { functionName } from './function-name.ts'
import type { KnownFunctions } from './known-functions.ts'

/** RQ's name for the worker of an in-process queue. */
const WORKER_NAME = 'sync'
/** For jobs without a timeout. This lease is not renewed, so it must outlast the job. */
const UNLIMITED_LEASE_MS = DAY_MS

/** The options of a queue that concern jobs that run in this process. */
export interface InProcessOptions {
  /** Functions by their names. */
  readonly functions: Readonly<Record<string, AnyFunction>> | undefined
  readonly importPaths: readonly string[] | undefined
  readonly webhooks: WebhookPolicy | false
}

/**
 * Run a job in this process instead of queueing it (`isAsync: false`). It is stored, run with its callbacks and
 * timeout, and settled: afterwards it is finished or failed, or deferred when it waits for other jobs. Retries and
 * repeats are ignored. If the process dies meanwhile, workers recover the job.
 * @throws DuplicateJobError, RqError `RQ_INVALID_OPTION` (cycle), `RQ_TOO_MANY_DEPENDENCIES`; what the failure callback
 *   throws, after the job is stored.
 */
export async function runInProcess(
  job: NewJob,
  context: JobContext,
  known: KnownFunctions,
  { functions, importPaths, webhooks }: InProcessOptions,
): Promise<void> {
  const { record } = job
  // Retries and repeats are ignored, so this is its last attempt.
  const { retriesLeft: _retries, retryMax: _max, repeatsLeft: _repeats, ...once } = record
  const timeoutS = record.timeoutS ?? -1
  const leaseMs = timeoutS > 0 ? timeoutS * SECOND_MS + leaseForCallbacksMs(record) : UNLIMITED_LEASE_MS
  const begun = await context.storage.queues.begin(job, WORKER_NAME, leaseMs)
  if (typeof begun.placement === 'object') throw duplicateOfKey(record, begun.placement.duplicateOf)
  switch (begun.placement) {
    case 'duplicate':
      throw new DuplicateJobError(record.id)
    case 'cycle':
      throw dependencyCycle([record.id])
    case 'too_many':
      throw tooManyDependencies(record.id)
    case 'deferred':
      record.status = 'deferred'
      return
    case 'started':
  }
  record.enqueuedAtMs = Date.now()
  record.workerName = WORKER_NAME

  const { executionId } = begun
  const limit = new AbortController()
  const expire = () => limit.abort(new JobTimeoutError(timeoutS))
  const timer = timeoutS > 0 ? startTimer(timeoutS * SECOND_MS, expire) : undefined
  const { outcome, failure } = await attemptJob({
    record: Object.assign(once, { workerName: WORKER_NAME }),
    context,
    executionId,
    loader: loaderOf(known, functions, importPaths),
    signal: limit.signal,
    onCallback: () => clearTimeout(timer),
  })
  clearTimeout(timer)
  const settlement = await store(record, once, executionId, outcome, context)
  await callWebhooks(record, settlement, context, webhooks)
  if (failure?.callbackError !== undefined) throw failure.callbackError.thrown
}

async function store(
  record: JobRecord,
  once: JobRecord,
  executionId: string,
  outcome: Outcome,
  context: JobContext,
): Promise<Settlement> {
  const settlement = settle(once, executionId, withoutRetry(outcome))
  const { workers } = context.storage
  const { answers, releasing } = await workers.settle(WORKER_NAME, [settlement])
  if (answers[0] === 'lost') {
    throw new RqError('RQ_LEASE_LOST', `Job ${record.id} ran longer than its lease, and a worker has taken it over.`)
  }
  if (releasing === true) while (await workers.releaseDependents());
  record.status = settlement.to
  record.startedAtMs = outcome.startedAtMs
  record.endedAtMs = outcome.endedAtMs
  return settlement
}

/** Failures are ignored: the job is done, and the caller of enqueue cannot handle them. */
async function callWebhooks(
  record: JobRecord,
  settlement: Settlement,
  context: JobContext,
  policy: WebhookPolicy | false,
) {
  if (policy === false) return
  const calls = webhookCalls(record, settlement, { funcName: (job) => functionName(job, context.serializer) })
  await Promise.all(calls.map((call) => callWebhook(call, policy)))
}

/** No worker would start the run that a returned Retry asks for, so the Retry counts as one too many. */
function withoutRetry(outcome: Outcome): Outcome {
  return outcome.kind === 'returned_retry' ? { ...outcome, retry: { max: 0, intervalsS: [] } } : outcome
}

function leaseForCallbacksMs({ onSuccess, onFailure }: JobRecord): number {
  return MINUTE_MS + ((onSuccess?.timeoutS ?? 0) + (onFailure?.timeoutS ?? 0)) * SECOND_MS
}

const IMPORT_ADVICE = 'Restart this program when the cause is gone: it does not import the module again'

function loaderOf(
  known: KnownFunctions,
  functions: InProcessOptions['functions'],
  importPaths: readonly string[] | undefined,
): Loader {
  // The reference comes from this program, not from Redis, so it may name any script.
  const scripts = ['.']
  const loader = new FunctionLoader({
    scripts,
    importAdvice: IMPORT_ADVICE,
    ...(functions !== undefined && { functions }),
    ...(importPaths !== undefined && { importPaths }),
  })
  return { load: async (reference) => known.get(reference) ?? loader.load(reference) }
}
