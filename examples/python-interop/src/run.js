import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Queue, Worker } from 'rq'
import { findPython } from '../../../scripts/python.mjs'
import { acquireRedis, startServer } from '../../../scripts/redis.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))

async function main(python) {
  const redis = await startServer(await acquireRedis())
  const connection = redis.url
  const theirs = spawn(python, ['worker.py', connection], { cwd: HERE, stdio: 'inherit' })
  const ours = new Worker('typescript', { connection, serializer: 'json', importPaths: [HERE] })
  const work = ours.work()
  // Python reads JSON, and return values from the results stream.
  const queue = new Queue('python', { connection, serializer: 'json', results: 'stream' })
  try {
    const { stdout } = await promisify(execFile)(python, ['producer.py', connection], { cwd: HERE })
    const ids = JSON.parse(stdout)
    console.log(`Python enqueued ${ids.length} jobs for TypeScript workers.`)

    const job = await queue.enqueue('statistics_of.counts', [], { dependsOn: ids })
    console.log('TypeScript enqueued one for Python workers, to run after them.')
    console.log('It returned', await job.result({ timeout: '30s' }))

    console.log('Python reads:')
    const reader = spawn(python, ['reader.py', connection, ...ids, job.id], { cwd: HERE, stdio: 'inherit' })
    const [code] = await once(reader, 'close')
    process.exitCode = code
  } finally {
    theirs.kill()
    await Promise.all([ours.stop(), queue.close(), once(theirs, 'close')])
    await work
    await redis.stop()
  }
}

const python = await findPython()
if (python === undefined) {
  console.error('No Python with RQ here: apt-get install python3-rq, or pip install rq and set RQ_PYTHON.')
  process.exitCode = 1
} else {
  console.log(`Python RQ ${python.version}`)
  await main(python.path)
}
