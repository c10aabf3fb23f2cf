import { Queue } from 'rq'
import { fib } from './jobs/report.ts'

const q = new Queue('low', { isAsync: false })
const job = await q.enqueue(fib, [8])
console.log(await job.returnValue()) // 21, and no worker was needed
