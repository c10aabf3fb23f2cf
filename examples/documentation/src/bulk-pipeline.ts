import { Redis } from 'ioredis'
import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const redis = new Redis(process.env.RQ_REDIS_URL ?? 'redis://localhost:6379')
const q = new Queue('default', { connection: redis })

const pipeline = redis.multi()
const jobs = await q.enqueueMany(
  [
    Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_job_id' }),
    Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_other_job_id' }),
  ],
  { pipeline },
)
console.log(await q.count()) // 0: nothing has been sent yet
await pipeline.exec()
for (const job of jobs) console.log(job.id, await job.result({ timeout: 30 }))

await q.close()
redis.disconnect()
