import { Queue } from 'rq'
import { sayHello } from './jobs/report.ts'

const q = new Queue('nobody_listens')
await q.enqueue(sayHello, [], { jobId: 'my_id' })
await q.enqueue(sayHello)

// How many jobs wait in the queue; deferred ones do not count.
console.log(await q.count())

// Retrieving jobs
console.log((await q.getJobIds())[0])
console.log((await q.getJobs()).length)
console.log((await q.fetchJob('my_id'))?.id)

// Emptying a queue deletes all jobs in it.
console.log(await q.empty())

// Deleting it forgets it, too; the next enqueue makes it anew.
await q.enqueue(sayHello)
await q.delete({ deleteJobs: true })
console.log((await Queue.all()).some(({ name }) => name === q.name))
