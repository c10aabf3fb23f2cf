import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue()
const jobs = await q.enqueueMany([
  Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_job_id' }),
  Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_other_job_id' }),
])
for (const job of jobs) console.log(job.id, await job.result({ timeout: 30 }))
