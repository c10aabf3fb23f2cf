import { isSuspended, Queue, resume, suspend } from 'rq'
import { sayHello } from './jobs/report.js'

// Workers take up no more jobs, on no queue; what runs goes on. `rq suspend` does the same.
await suspend({}, { duration: '5m' })
console.log(await isSuspended({}))
const job = await new Queue().enqueue(sayHello)

await resume({})
console.log(await isSuspended({}), await job.result({ timeout: 30 }))
