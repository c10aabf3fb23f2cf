// @ts-check
/** Enqueues a job, with `again` another one when its input ends, and closes nothing. */
import { once } from 'node:events'
import { Queue } from 'rq'

const [connection, again] = process.argv.slice(2)
const queue = new Queue('default', { connection: String(connection) })

async function enqueue() {
  const said = await queue.enqueue('jobs.run').then(
    () => 'queued',
    (error) => error.code,
  )
  process.stdout.write(`${said}\n`)
}

await enqueue()
if (again !== undefined) {
  await once(process.stdin.resume(), 'end')
  await enqueue()
}
