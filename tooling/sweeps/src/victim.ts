import { runWorker, type WorkerOrder } from './run-worker.ts'

/**
 * A process of many workers, which may be killed. It prints `horse <pid>`, `works <n>` when its n-th worker has
 * registered, `done <n>` when that worker has left by itself, and the name of each event that no healthy worker emits.
 */
const orders = JSON.parse(process.argv[2] ?? '[]') as WorkerOrder[]

function say(...words: (string | number | undefined)[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

await Promise.all(
  orders.map(async (order, index) => {
    await runWorker(order, (worker) => {
      worker.on('horse:started', ({ pid }) => say('horse', pid))
      worker.on('worker:started', () => say('works', index))
      for (const event of ['lease_lost', 'job:abandoned', 'job:poisoned'] as const) {
        worker.on(event, ({ jobId }) => say(event, jobId))
      }
    })
    say('done', index)
  }),
)
