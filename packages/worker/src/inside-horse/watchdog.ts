/**
 * A thread in the process of a horse, for systems whose kernel cannot end the horse with its worker. A horse that is
 * blocked does not notice that its pipe was closed, but this thread notices that the parent process has changed.
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
