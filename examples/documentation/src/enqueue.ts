import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

// Where Redis is: RQ_REDIS_URL, else localhost. No name means the default queue.
const q = new Queue()

// Delay the execution of countWordsAtUrl(PAGE).
const job = await q.enqueue(countWordsAtUrl, [PAGE])
console.log(await job.returnValue()) // undefined

// Now wait until a worker has done it.
console.log(await job.result({ timeout: 30 }))
console.log(await job.returnValue())
