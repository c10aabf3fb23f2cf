import { once } from 'node:events'
import { errorText } from '@rq/queue/run'
import { handleSignals } from '../signals.ts'
import { Worker } from '../worker.ts'
import type { MemberSetup } from './pool-worker.ts'
import { memberLogger } from './pool-worker-log.ts'

/** A process of a worker pool: told what to be, then a worker until it ends. It leaves when its pool is gone. */
async function main(): Promise<void> {
  const [setup] = (await once(process, 'message')) as [MemberSetup]
  const module = await import(setup.storage.module)
  const storage = await module[setup.storage.export](setup.storage.options)
  const { queues, name, horseStorage, storage: leaseStorage } = setup
  const worker = new Worker(queues, {
    ...setup.worker,
    name,
    storage,
    leaseStorage,
    ...(horseStorage && { horseStorage }),
    ...(setup.isLogging && { logger: memberLogger(tellPool) }),
  })
  handleSignals(worker)
  process.once('disconnect', () => void worker.stop())
  try {
    await worker.work({ ...setup.work, burst: setup.burst })
  } finally {
    await storage.close()
    if (process.connected) process.disconnect()
  }
}

/** A pool that is gone hears nothing; its members are on their way out. */
function tellPool(message: object): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`)
  process.exitCode = 1
}
