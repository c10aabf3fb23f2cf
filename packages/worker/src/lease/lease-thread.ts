/**
 * The thread that renews the leases of a worker whose jobs run in its own event loop. It goes on while a job blocks
 * that loop, and ends with the process. When the loop is blocked for longer than any of its jobs may run, the thread
 * stops renewing: the leases end, and other workers take the jobs over.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PeriodicDuty, SECOND_MS, silentLogger } from '@rq/core'
import type { HeartbeatReply, Storage } from '@rq/job'
import { makeStorage } from '../inside-horse/storage-source.ts'
import type { LeaseThreadSetup, RenewedLease, RenewerMessage, RenewerNotice } from './lease-renewer.ts'
import { LeaseSlots } from './lease-slots.ts'
import { LoopCounters } from './loop-counters.ts'
import { LoopWatch } from './loop-watch.ts'

const { everyMs, leaseMs, messages, source, worker, ...memories } = workerData as LeaseThreadSetup

const counters = new LoopCounters(memories.counters)
const slots = new LeaseSlots(memories.slots)
const watch = new LoopWatch(counters.turns, performance.now())
/** Leases that are not in the slots, by their executions. */
const sent = new Map<string, RenewedLease>()
let blockedMs = 0
let hasGivenUp = false

function send(notice: RenewerNotice): void {
  parentPort?.postMessage(notice)
}

/** Messages do not wake the thread. They are read now and then. */
function readMessages(): void {
  for (let next = receiveMessageOnPort(messages); next !== undefined; next = receiveMessageOnPort(messages)) {
    const message = next.message as RenewerMessage
    for (const one of message.held) sent.set(one.lease.executionId, one)
    for (const id of message.dropped) sent.delete(id)
  }
}

function heldLeases(): RenewedLease[] {
  readMessages()
  return [...slots.read(), ...sent.values()]
}

/** Whether the loop counts as alive. A blocked one does for as long as its longest job may run, and a lease more. */
function isAlive(held: readonly RenewedLease[]): boolean {
  const sinceMs = watch.blockedMs(counters.turns, performance.now())
  if (sinceMs <= everyMs && blockedMs > 0) send({ type: 'unblocked', afterMs: blockedMs })
  blockedMs = sinceMs <= everyMs ? 0 : sinceMs
  let longestRunMs = 0
  for (const one of held) longestRunMs = Math.max(longestRunMs, one.longestRunMs)
  return sinceMs <= longestRunMs + leaseMs
}

async function renewAll(storage: Storage): Promise<void> {
  const held = heldLeases()
  const hadGivenUp = hasGivenUp
  hasGivenUp = !isAlive(held)
  if (hasGivenUp) {
    if (!hadGivenUp && held.length > 0) send({ type: 'given_up', afterMs: blockedMs })
    return
  }
  if (!counters.begin()) process.exit()
  let answered = false
  try {
    const { isNameTaken, lost } = await heartbeat(storage, held)
    for (const lease of lost) send({ type: 'lost', lease })
    if (isNameTaken) send({ type: 'name_taken' })
    answered = true
  } finally {
    counters.end(answered)
    if (counters.isClosed) process.exit()
  }
}

function heartbeat(storage: Storage, held: readonly RenewedLease[]): Promise<HeartbeatReply> {
  const leases = held.map(({ lease }) => lease)
  const [first] = leases
  const state = first === undefined ? counters.state : ('busy' as const)
  // The loop's own calls keep the record true, unless it is blocked.
  const beat = { worker, leaseMs, leases, state, keepState: blockedMs === 0 }
  return storage.workers.heartbeat({ ...beat, ...(first !== undefined && { currentJobId: first.jobId }) })
}

async function main(): Promise<void> {
  const storage = await makeStorage(source)
  const renewal = new PeriodicDuty({
    name: 'The renewal of leases',
    everyMs,
    atStart: true,
    logger: silentLogger,
    run: () => renewAll(storage),
  })
  setInterval(readMessages, Math.min(everyMs, SECOND_MS))
  renewal.start()
}

void main()
