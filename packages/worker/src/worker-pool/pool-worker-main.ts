import { once } from 'node:events'
import { errorText } from '@rq/queue/run'
import { makeStorage } from '../inside-horse/storage-source.ts'
import { handleSignals } from '../signals.ts'
import { Worker } from '../worker.ts'
import type { PoolWorkerSetup } from './pool-worker.ts'
import { poolWorkerLogger } from './pool-worker-log.ts'
import { refusalOf } from './pool-worker-refusal.ts'

// For jobs. A flag of Node would also read the map of each of our modules when it is loaded.
process.setSourceMapsEnabled(true)

/** The process of a pool worker. Its first message says which worker it is. It leaves when its pool is gone. */
async function main(): Promise<void> {
  const [setup] = (await once(process, 'message')) as [PoolWorkerSetup]
  const storage = await makeStorage(setup.storage)
  const { queues, name, horseStorage, storage: leaseStorage } = setup
  const worker = new Worker(queues, {
    processTitle: true,
    ...setup.worker,
    name,
    storage,
    leaseStorage,
    ...(horseStorage && { horseStorage }),
    ...(setup.isLogging && { logger: poolWorkerLogger(sendToPool) }),
  })
  handleSignals(worker)
  process.once('disconnect', () => void worker.stop())
  try {
    await worker.work({ ...setup.work, burst: setup.burst })
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    process.exitCode = 1
    await new Promise<void>((resolve) => {
      if (process.connected) process.send?.(refusal, undefined, undefined, () => resolve())
      else resolve()
    })
  } finally {
    await storage.close()
    if (process.connected) process.disconnect()
  }
}

/** Does nothing when the pool is gone; the worker is leaving then. */
function sendToPool(message: object): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`)
  process.exitCode = 1
})
