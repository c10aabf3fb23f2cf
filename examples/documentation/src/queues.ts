import { Queue } from 'rq'
import { sayHello } from './jobs/report.ts'

const q = new Queue('without_worker')
await q.enqueue(sayHello, [], { jobId: 'my_id' })
await q.enqueue(sayHello)

// The number of jobs in the queue, without deferred ones.
console.log(await q.count())

// Fetch jobs.
console.log((await q.getJobIds())[0])
console.log((await q.getJobs()).length)
console.log((await q.fetchJob('my_id'))?.id)

// Delete all jobs in the queue.
console.log(await q.empty())

// Delete the queue, too. The next enqueue creates it again.
await q.enqueue(sayHello)
await q.delete({ deleteJobs: true })
console.log((await Queue.all()).some(({ name }) => name === q.name))
