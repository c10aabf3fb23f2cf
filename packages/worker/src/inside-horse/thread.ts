/** The thread of a horse: as the process, over a message port. It ends when the worker terminates it. */
import { parentPort } from 'node:worker_threads'
import { Stable } from './horse-host.ts'
import type { ToHorse } from './protocol.ts'
import { registerInThread } from './thread-loader.ts'

await registerInThread()

const stable = new Stable({
  tell: (message) => parentPort?.postMessage(message),
  memory() {
    // Of this thread alone; the resident memory is that of the whole process.
    const { arrayBuffers, heapTotal } = process.memoryUsage()
    return heapTotal + arrayBuffers
  },
})

process.on('exit', () => stable.flush())
parentPort?.on('message', (message: ToHorse) => stable.receive(message))
