/**
 * A thread beside a horse, where the kernel cannot be asked to end the horse with its worker: a horse that computes
 * does not see that its pipe was closed, but this thread sees that its parent is another one.
 */
import { workerData } from 'node:worker_threads'

const LOOK_EVERY_MS = 500

setInterval(() => {
  if (process.ppid === workerData) return
  try {
    process.kill(-process.pid, 'SIGKILL')
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}, LOOK_EVERY_MS)
