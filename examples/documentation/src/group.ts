import { Group, Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const group = Group.create({ name: 'my_group' })
await group.enqueueMany('my_queue', [
  Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_job_id' }),
  Queue.prepareData(countWordsAtUrl, [PAGE], { jobId: 'my_other_job_id' }),
])
console.log(await group.getJobs()) // both

// In another program, by its name:
const fetched = await Group.fetch('my_group')
for (const job of await fetched.getJobs()) await job.result({ timeout: 30 })

// A group ends with its last job.
for (const job of await fetched.getJobs()) await job.delete()
console.log((await Group.all()).length)
