import { enqueueRows } from './migration/from-bullmq-enqueue.ts'
import { jobRows } from './migration/from-bullmq-jobs.ts'
import { workerRows } from './migration/from-bullmq-workers.ts'
import { testTables } from './migration/table-tests.ts'

testTables('from-bullmq.md', { ...enqueueRows, ...jobRows, ...workerRows })
