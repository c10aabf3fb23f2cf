// @ts-check
import { handleSignals, Worker } from 'rq'

// A worker of ours in a process of its own. Arguments: the URL of Redis, a JSON object of options with `queues`.
const [connection = '', text = '{}'] = process.argv.slice(2)
const { queues, withScheduler = false, ...options } = JSON.parse(text)
const worker = new Worker(queues, { connection, serializer: 'json', ...options })
handleSignals(worker)
worker.on('worker:started', () => process.stdout.write(`started ${worker.name}\n`))
await worker.work({ withScheduler })
