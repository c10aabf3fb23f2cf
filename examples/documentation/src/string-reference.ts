import { Queue, ref } from 'rq'
import type { myFunc } from './jobs/my-module.ts'

const q = new Queue('low')

// This program need not have the module of the function.
const job = await q.enqueue('jobs.my-module.myFunc', [3, 4])
console.log(await job.result({ timeout: 30 }))

// With its type, if this program can import the type.
const typed = await q.enqueue(ref<typeof myFunc>('./jobs/my-module#myFunc'), [5, 6])
console.log((await typed.result({ timeout: 30 })).toFixed(1))
