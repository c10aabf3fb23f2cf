import { Queue } from 'rq'
import { countWordsWith } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue('low')
const job = await q.enqueue(countWordsWith, [PAGE], {
  ttl: 30, // an option of rq
  kwargs: {
    description: 'Function description', // these reach the function, as its last argument
    ttl: 15,
  },
})
console.log(await job.result({ timeout: 30 }))
