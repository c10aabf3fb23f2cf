import { Queue } from 'rq'
import { reportFailure, reportStopped, reportSuccess } from './jobs/callbacks.ts'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue('low')
const first = await q.enqueue(countWordsAtUrl, [PAGE])

const job = await q.enqueue(countWordsAtUrl, [PAGE], {
  jobTimeout: '3m', // time limit of a run: seconds, or a string with d, h, m, s
  resultTtl: 86_400, // how long to keep it after success
  ttl: '1h', // how long it may wait in the queue
  failureTtl: '30d', // how long to keep it after failure
  dependsOn: first, // the job that must succeed first
  jobId: 'my_job_id',
  atFront: true,
  description: 'Count the words of a page',
  onSuccess: reportSuccess,
  onFailure: reportFailure,
  onStopped: reportStopped,
})
console.log(job.id, job.timeout, job.resultTtl, job.ttl, job.failureTtl, job.description)
console.log(await job.result({ timeout: 30 }))
