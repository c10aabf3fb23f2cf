import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker'
import { postgresPrograms } from '../own-postgres.ts'
import { packageVersion } from '../package-version.ts'
import type { JobPayload, Session, Subject } from '../subject.ts'

const TASK = 'noop'
const LOCAL_QUEUE = 500

export const graphileWorker: Subject = {
  name: 'graphile-worker',
  server: 'postgres',
  kinds: ['inline'],
  share: 0.25,
  settings: `Postgres on a socket, nothing synced to disk; localQueue ${LOCAL_QUEUE}, completeJobBatchDelay 0; keeps no results`,
  needs: 'Postgres: initdb and postgres in the PATH',
  version: () => (postgresPrograms() === undefined ? undefined : packageVersion('graphile-worker')),
  open: async ({ url }) => open(url),
}

const quiet = new Logger(() => () => {})

async function open(connectionString: string): Promise<Session> {
  const utils = await makeWorkerUtils({ connectionString, logger: quiet })
  await utils.migrate()
  let runner: Runner | undefined
  let finished = 0
  return {
    enqueue: (payload) => utils.addJob(TASK, { payload }),
    enqueueMany: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload: { payload } }))),
    enqueueIn: (delayMs, payload) => utils.addJob(TASK, { payload }, { runAt: new Date(Date.now() + delayMs) }),
    finished: async () => finished,
    async work({ concurrency, onJob }) {
      runner = await run({
        connectionString,
        logger: quiet,
        noHandleSignals: true,
        taskList: {
          [TASK](data) {
            onJob?.((data as { payload: JobPayload }).payload)
          },
        },
        preset: {
          worker: { concurrentJobs: concurrency, localQueue: { size: LOCAL_QUEUE }, completeJobBatchDelay: 0 },
        },
      })
      runner.events.on('job:complete', () => {
        finished++
      })
    },
    async close() {
      await runner?.stop()
      await utils.release()
    },
  }
}
