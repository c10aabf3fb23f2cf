/** The thread of a horse: like its process, but over a message port. It ends when the worker terminates it. */
import { parentPort } from 'node:worker_threads'
import { HorseHost } from './horse-host.ts'
import type { ToHorse } from './protocol.ts'
import { registerInThread } from './thread-loader.ts'

// For jobs. A flag of Node would also read the map of each of our modules when it is loaded.
process.setSourceMapsEnabled(true)

/** Messages that arrive before wait in the port. */
async function main(): Promise<void> {
  await registerInThread()
  const host = new HorseHost({
    send: (message) => parentPort?.postMessage(message),
    memory() {
      // The memory of this thread; the resident memory is that of the whole process.
      const { arrayBuffers, heapTotal } = process.memoryUsage()
      return heapTotal + arrayBuffers
    },
  })
  parentPort?.on('message', (message: ToHorse) => host.receive(message))
}

void main()
