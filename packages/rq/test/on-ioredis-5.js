// @ts-check
/**
 * A program that uses rq with ioredis 5 in the place of ioredis 6, in its work horses as well. Prints results as JSON.
 * Arguments: the folder of the jobs, the URL of Redis, a prefix.
 */
import { Redis } from 'ioredis'
import { Queue, Retry, Worker } from 'rq'

const [, , folder = '', connection = '', prefix = ''] = process.argv

const client = new Redis(connection)
const queue = new Queue('default', { connection: client, prefix })
const other = new Queue('default', { connection, prefix })
await queue.on('job:finished', () => {}).listening()
const jobs = [
  await other.enqueue('./jobs#copy', ['done']),
  await queue.enqueue('./jobs#failOnce', [], { retry: new Retry({ max: 1, interval: '1s' }) }),
  await queue.enqueueIn('1s', './jobs#copy', ['later']),
]
const worker = new Worker('default', { connection, prefix, importPaths: [folder] })
const working = worker.work()
const results = await Promise.all(jobs.map((job) => job.result()))
await worker.stop()
await working
await Promise.all([queue.close(), other.close()])
const isFive = !('replyMapping' in client.options)
client.disconnect()
process.stdout.write(JSON.stringify({ isFive, results }))
