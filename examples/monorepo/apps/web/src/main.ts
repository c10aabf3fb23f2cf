import { sendMail } from '@acme/jobs'
import { Queue } from 'rq'

await using queue = new Queue('mail')
const job = await queue.enqueue(sendMail, ['ada@example.com', 'Hello'])
console.log(`${job.funcName}: ${await job.result({ timeout: '1m' })}`)
