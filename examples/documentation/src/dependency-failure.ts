import { Dependency, Queue } from 'rq'
import { divByZero, sayHello } from './jobs/report.ts'

const queue = new Queue()
const job1 = await queue.enqueue(divByZero)
const dependency = new Dependency({
  jobs: [job1],
  allowFailure: true, // default: false
  enqueueAtFront: true, // default: false
})
const job2 = await queue.enqueue(sayHello, [], { dependsOn: dependency })

// job2 runs although job1 fails, and goes to the head of the queue.
console.log(await job2.result({ timeout: 30 }), await job1.getStatus())
