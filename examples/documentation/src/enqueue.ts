import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

// Redis at RQ_REDIS_URL, default localhost. Without a name it is the queue `default`.
const q = new Queue()

// Delay the execution of countWordsAtUrl(PAGE).
const job = await q.enqueue(countWordsAtUrl, [PAGE])
console.log(await job.returnValue()) // undefined

// Wait until a worker has run it.
console.log(await job.result({ timeout: 30 }))
console.log(await job.returnValue())
