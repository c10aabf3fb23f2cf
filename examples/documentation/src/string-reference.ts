import { Queue, ref } from 'rq'
import type { myFunc } from './jobs/my-module.ts'

const q = new Queue('low')

// The function's module need not be here at all.
const job = await q.enqueue('jobs.my-module.myFunc', [3, 4])
console.log(await job.result({ timeout: 30 }))

// With its type, where that can be had.
const typed = await q.enqueue(ref<typeof myFunc>('./jobs/my-module#myFunc'), [5, 6])
console.log((await typed.result({ timeout: 30 })).toFixed(1))
