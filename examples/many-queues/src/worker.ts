import { handleSignals, Worker } from 'rq'
import { storeIsUp } from './store.js'

const worker = new Worker(
  {
    ingest: { concurrency: 20, horse: 'inline' }, // they wait for the store: one event loop does for all
    reports: { concurrency: 2, horseMaxBytes: '512mb' }, // they compute: a process each
    deletions: 1,
  },
  {
    importPaths: [import.meta.dirname],
    logger: console,
    // While the store is down, only reports run. The other jobs wait, and use up none of their retries.
    canClaim: (queue) => queue === 'reports' || storeIsUp(),
  },
)
handleSignals(worker)
await worker.work()
