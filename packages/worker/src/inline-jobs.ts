import { invalidOption, within } from '@rq/core'
import type { AnyFunction } from '@rq/job'
import { errorText } from '@rq/queue/run'
import { openJobs } from './inside-horse/load-jobs.ts'
import { DRAIN_MS } from './inside-horse/protocol.ts'
import { knownJobs } from './known-jobs.ts'
import type { WorkerSettings } from './options.ts'

/** What an inline worker knows by name, set up in its own process. */
export interface InlineJobs {
  readonly functions: Readonly<Record<string, AnyFunction>>
  /** Tear down what the jobs needed, for up to {@link DRAIN_MS}. Never rejects. */
  close(): Promise<void>
}

/**
 * Set up the jobs of the option `jobs`, beside those of the option `functions`.
 * @throws as {@link openJobs}; RqError `RQ_INVALID_OPTION` when a name is in both.
 */
export async function openInlineJobs({
  functions,
  jobs,
  logger,
}: Pick<WorkerSettings, 'functions' | 'jobs' | 'logger'>): Promise<InlineJobs> {
  if (jobs === undefined) return { functions, close: async () => {} }
  const open = await (typeof jobs === 'string' ? openJobs(jobs) : jobs.open())
  for (const [name, fn] of Object.entries(functions)) {
    if (Object.hasOwn(open.functions, name)) throw invalidOption(`functions.${name}`, fn, 'no name of the option jobs')
  }
  logger.info(knownJobs(Object.keys(open.functions)))
  return {
    functions: { ...functions, ...open.functions },
    async close() {
      try {
        if (open.close !== undefined) await within(DRAIN_MS, open.close())
      } catch (error) {
        logger.warn(`The teardown of the jobs failed: ${errorText(error)}`)
      }
    },
  }
}
