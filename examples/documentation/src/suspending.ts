import { isSuspended, Queue, resume, suspend } from 'rq'
import { sayHello } from './jobs/report.ts'

const redis = process.env.RQ_REDIS_URL ?? 'redis://localhost:6379'

// Workers claim no more jobs from any queue; running jobs continue. `rq-cli suspend` does the same.
await suspend(redis, { duration: '5m' })
console.log(await isSuspended(redis))
const job = await new Queue().enqueue(sayHello)

await resume(redis)
console.log(await isSuspended(redis), await job.result({ timeout: 30 }))
