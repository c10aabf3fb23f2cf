import { runWorker, type WorkerOrder } from './run-worker.ts'

/** A process full of workers that is going to be killed: says `done <n>` when its n-th worker has left by itself. */
const orders = JSON.parse(process.argv[2] ?? '[]') as WorkerOrder[]

await Promise.all(
  orders.map(async (order, index) => {
    await runWorker(order, (worker) => {
      worker.on('horse:started', ({ pid }) => void process.stdout.write(`horse ${pid}\n`))
    })
    process.stdout.write(`done ${index}\n`)
  }),
)
