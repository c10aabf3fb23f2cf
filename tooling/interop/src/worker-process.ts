import { handleSignals, Worker, type WorkerOptions } from 'rq'

type WorkerProcessOptions = WorkerOptions & { readonly queues: string[]; readonly withScheduler: boolean }

/** A worker of ours in a process of its own. Arguments: the URL of Redis, a JSON object of options with `queues`. */
const [connection = '', text = '{}'] = process.argv.slice(2)
const { queues, withScheduler, ...options } = JSON.parse(text) as WorkerProcessOptions
const worker = new Worker(queues, { connection, serializer: 'json', ...options })
handleSignals(worker)
worker.on('worker:started', () => process.stdout.write(`started ${worker.name}\n`))
await worker.work({ withScheduler })
