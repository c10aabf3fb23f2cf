import { enqueueRows } from './migration/from-rq-enqueue.ts'
import { jobRows } from './migration/from-rq-jobs.ts'
import { workerRows } from './migration/from-rq-workers.ts'
import { testTables } from './migration/table-tests.ts'

testTables('from-rq.md', { ...enqueueRows, ...jobRows, ...workerRows })
