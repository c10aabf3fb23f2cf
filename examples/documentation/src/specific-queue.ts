import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.js'
import { PAGE } from './page.js'

const q = new Queue('low')
const job = await q.enqueue(countWordsAtUrl, [PAGE])
console.log(job.origin, await job.result({ timeout: 30 }))
