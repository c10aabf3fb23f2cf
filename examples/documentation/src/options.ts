import { Queue } from 'rq'
import { reportFailure, reportStopped, reportSuccess } from './jobs/callbacks.ts'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue('low')
const first = await q.enqueue(countWordsAtUrl, [PAGE])

const job = await q.enqueue(countWordsAtUrl, [PAGE], {
  jobTimeout: '3m', // the longest that it may run; a number, or text with d, h, m, s
  resultTtl: 86_400, // how long it is kept when it has succeeded
  ttl: '1h', // the longest that it may wait in the queue
  failureTtl: '30d', // how long it is kept when it has failed
  dependsOn: first, // what has to succeed first
  jobId: 'my_job_id',
  atFront: true,
  description: 'Count the words of a page',
  onSuccess: reportSuccess,
  onFailure: reportFailure,
  onStopped: reportStopped,
})
console.log(job.id, job.timeout, job.resultTtl, job.ttl, job.failureTtl, job.description)
console.log(await job.result({ timeout: 30 }))
