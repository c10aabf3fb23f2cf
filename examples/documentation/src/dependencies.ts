import { Queue } from 'rq'
import { bar, baz, foo, generateReport, sendReport } from './jobs/report.ts'

const q = new Queue('low')
const reportJob = await q.enqueue(generateReport)
const sending = await q.enqueue(sendReport, [], { dependsOn: reportJob })
console.log(await sending.result({ timeout: 30 }))

const fooJob = await q.enqueue(foo)
const barJob = await q.enqueue(bar)
const bazJob = await q.enqueue(baz, [], { dependsOn: [fooJob, barJob] })
console.log(await bazJob.result({ timeout: 30 }), await fooJob.returnValue(), await barJob.returnValue())
