/**
 * The thread that renews the leases of a worker whose jobs run in its own event loop. It goes on while a job blocks that
 * loop, and ends with the process. A loop that is blocked for longer than any of its jobs may run is given up: then its
 * leases end, and others take the jobs over.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PeriodicDuty, SECOND_MS, silentLogger } from '@rq/core'
import type { Lease, Storage } from '@rq/job'
import type { KeptLease, LeaseLetter, LeaseNews, LeaseThreadSetup } from './lease-renewer.ts'
import { LeasePulse } from './loop-counters.ts'
import { LoopWatch } from './loop-watch.ts'

const { everyMs, leaseMs, letters, memory, source, worker } = workerData as LeaseThreadSetup

const pulse = new LeasePulse(memory)
const watch = new LoopWatch(pulse.turns, performance.now())
const held = new Map<string, KeptLease>()
let blockedMs = 0
let isGivenUp = false

function tell(news: LeaseNews): void {
  parentPort?.postMessage(news)
}

/** Letters wake nobody, since with short jobs there are many, so they are read now and then. */
function readLetters(): void {
  for (let next = receiveMessageOnPort(letters); next !== undefined; next = receiveMessageOnPort(letters)) {
    const letter = next.message as LeaseLetter
    for (const kept of letter.held) held.set(kept.lease.executionId, kept)
    for (const id of letter.over) held.delete(id)
  }
}

/** Whether the loop may be taken for alive. A blocked one may, for as long as the longest of its jobs may run, and a lease more. */
function isAlive(): boolean {
  const sinceMs = watch.look(pulse.turns, performance.now())
  if (sinceMs <= everyMs && blockedMs > 0) tell({ type: 'unblocked', afterMs: blockedMs })
  blockedMs = sinceMs <= everyMs ? 0 : sinceMs
  let lawfulMs = 0
  for (const kept of held.values()) lawfulMs = Math.max(lawfulMs, kept.lawfulMs)
  return sinceMs <= lawfulMs + leaseMs
}

async function beat(storage: Storage): Promise<void> {
  readLetters()
  const wasGivenUp = isGivenUp
  isGivenUp = !isAlive()
  if (isGivenUp) {
    if (!wasGivenUp && held.size > 0) tell({ type: 'given_up', afterMs: blockedMs })
    return
  }
  if (!pulse.begin()) process.exit()
  let answered = false
  try {
    for (const lease of await renew(storage)) {
      held.delete(lease.executionId)
      tell({ type: 'lost', lease })
    }
    answered = true
  } finally {
    pulse.end(answered)
    if (pulse.isClosed) process.exit()
  }
}

function renew(storage: Storage): Promise<readonly Lease[]> {
  const leases = [...held.values()].map(({ lease }) => lease)
  const [first] = leases
  const beat = { worker, leaseMs, leases, state: first === undefined ? pulse.state : ('busy' as const) }
  return storage.workers.heartbeat({ ...beat, ...(first !== undefined && { currentJobId: first.jobId }) })
}

const module = await import(source.module)
const storage: Storage = await module[source.export](source.options)
const beating = new PeriodicDuty({
  name: 'The heartbeat',
  everyMs,
  atStart: true,
  logger: silentLogger,
  run: () => beat(storage),
})
setInterval(readLetters, Math.min(everyMs, SECOND_MS))
beating.start()
