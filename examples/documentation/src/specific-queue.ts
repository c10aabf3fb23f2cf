import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue('low')
const job = await q.enqueue(countWordsAtUrl, [PAGE])
console.log(job.origin, await job.result({ timeout: 30 }))
