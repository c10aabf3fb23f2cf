import { handleSignals, Worker } from 'rq'

// `rq-cli worker high default low` does the same.
const worker = new Worker(['high', 'default', 'low', 'my_queue'], {
  concurrency: 2,
  imports: importsOf(import.meta.url),
})
handleSignals(worker)
worker.once('worker:started', () => console.log('listening'))
await worker.work()

/** Work horses need a loader to run TypeScript. */
function importsOf(url: string): string[] {
  return url.endsWith('.ts') ? [import.meta.resolve('tsx')] : []
}
