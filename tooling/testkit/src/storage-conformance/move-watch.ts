import { canMove, type JobStatus, type NewJob, type Storage } from '@rq/job'
import { type PortCall, watchedPort } from '../watched-port.ts'

/** Calls that wait for other calls. */
const WAITING_CALLS = new Set(['jobs.awaitResult', 'jobs.readMessages', 'workers.waitForWork'])

/** Looks at the status of every job after every call of a storage, and fails the call if a move was not legal. */
export class MoveWatch {
  /** The moves that were seen: `queued -> started`. */
  readonly seen = new Set<string>()
  readonly #storage: Storage
  readonly #statuses = new Map<string, JobStatus>()
  #underWay = 0
  /** Whether calls overlapped, so that a job may have moved more than once since the last look. */
  #overlapped = false

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Returns the storage with its calls watched. Several clients of one store share a watch. */
  watched(storage: Storage): Storage {
    const onCall = (call: PortCall, run: () => Promise<unknown>) => this.#call(call, run)
    return {
      queues: watchedPort(storage.queues, 'queues', onCall),
      jobs: watchedPort(storage.jobs, 'jobs', onCall),
      workers: watchedPort(storage.workers, 'workers', onCall),
      schedules: watchedPort(storage.schedules, 'schedules', onCall),
      crons: watchedPort(storage.crons, 'crons', onCall),
      recurring: watchedPort(storage.recurring, 'recurring', onCall),
      groups: watchedPort(storage.groups, 'groups', onCall),
      admin: watchedPort(storage.admin, 'admin', onCall),
      events: watchedPort(storage.events, 'events', onCall),
      client: () => storage.client(),
      close: () => storage.close(),
    }
  }

  async #call(call: PortCall, run: () => Promise<unknown>): Promise<unknown> {
    if (WAITING_CALLS.has(call.name)) return run()
    this.#underWay += 1
    if (this.#underWay > 1) this.#overlapped = true
    try {
      const reply = await run()
      if (this.#underWay === 1) await this.#look(call)
      return reply
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#overlapped = false
    }
  }

  async #look(call: PortCall): Promise<void> {
    // A job that is enqueued is written anew, whatever it was before.
    const written = writtenIds(call)
    const ids = [...new Set([...this.#statuses.keys(), ...written])]
    const records = await this.#storage.jobs.fetch(ids)
    for (const [index, id] of ids.entries()) {
      const from = this.#statuses.get(id)
      const to = records[index]?.status
      if (to === undefined) this.#statuses.delete(id)
      else this.#statuses.set(id, to)
      const isMove = from !== undefined && to !== undefined && from !== to
      if (!isMove || written.includes(id) || this.#overlapped) continue
      if (!isLegal(call, from, to)) throw new Error(`${call.name} moved job ${id} from ${from} to ${to}.`)
      if (canMove(from, to)) this.seen.add(`${from} -> ${to}`)
    }
  }
}

/** A call that settles may claim as well, so that a job goes through its queue within one step. */
function isLegal({ name, args }: PortCall, from: JobStatus, to: JobStatus): boolean {
  const claims = name === 'workers.settle' && args[2] !== undefined
  return canMove(from, to) || (claims && to === 'started' && canMove(from, 'queued'))
}

function writtenIds({ name, args: [first] }: PortCall): string[] {
  if (name === 'queues.enqueue') return (first as readonly NewJob[]).map(({ record }) => record.id)
  if (name === 'queues.begin') return [(first as NewJob).record.id]
  if (name === 'crons.run') return [(first as { job: NewJob }).job.record.id]
  if (name === 'jobs.save') return [(first as { id: string }).id]
  return []
}
