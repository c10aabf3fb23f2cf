import { Callback, Queue } from 'rq'
import { reportFailure, reportStopped, reportSuccess, waitForever } from './jobs/callbacks.ts'
import { divByZero, sayHello } from './jobs/report.ts'

const queue = new Queue()
const fine = await queue.enqueue(sayHello, [], {
  jobId: 'fine',
  onSuccess: reportSuccess,
  onFailure: reportFailure,
  onStopped: reportStopped,
})
await fine.result({ timeout: 30 })

const limits = {
  onSuccess: new Callback(reportSuccess), // at most 60 seconds, the default
  onFailure: new Callback(reportFailure, { timeout: 10 }),
  onStopped: new Callback('./jobs/callbacks#reportStopped', { timeout: '2m' }),
}
const failing = await queue.enqueue(divByZero, [], { jobId: 'failing', ...limits })
await failing.result({ timeout: 30 }).catch((error: Error) => console.log(error.message))

const endless = await queue.enqueue(waitForever, [], { jobId: 'endless', ...limits })
while (!(await endless.isStarted())) await new Promise((resolve) => setTimeout(resolve, 50))
await endless.stop()
await endless.result({ timeout: 30 }).catch((error: Error) => console.log(error.message))
