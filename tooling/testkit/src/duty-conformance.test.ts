import { type Duty, PeriodicDuty, silentLogger } from '@rq/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DutyStep, describeDuty, dutyFaults, lastingFaults, type MakeDuty } from './duty-conformance.ts'

const EVERY_MS = 1000
const common = { name: 'The work', everyMs: EVERY_MS, logger: silentLogger }

describeDuty('PeriodicDuty', (run) => new PeriodicDuty({ ...common, run }))
describeDuty('PeriodicDuty that begins at once', (run) => new PeriodicDuty({ ...common, run, atStart: true }))
describeDuty('PeriodicDuty with several calls in a run', (work) => {
  const run = async () => {
    await work()
    await work()
  }
  return new PeriodicDuty({ ...common, run, atStart: true })
})

/** An interval, and a stop that waits for the last run: every fault below is a slip in these lines. */
class Naive implements Duty {
  readonly work: () => Promise<void>
  timer: NodeJS.Timeout | undefined
  running: Promise<void> = Promise.resolve()

  constructor(work: () => Promise<void>) {
    this.work = work
  }

  start(): void {
    this.timer ??= setInterval(() => {
      this.running = this.running.catch(() => {}).then(this.work)
      this.running.catch(() => {})
    }, EVERY_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    await this.running.catch(() => {})
  }

  runOnce(): Promise<void> {
    this.running = this.running.catch(() => {}).then(this.work)
    return this.running
  }
}

const OVERLAPPING: MakeDuty = (work) =>
  new (class extends Naive {
    override runOnce() {
      return this.work()
    }
  })(work)

const HASTY: MakeDuty = (work) =>
  new (class extends Naive {
    override async stop() {
      clearInterval(this.timer)
      this.timer = undefined
    }
  })(work)

const LEAKING: MakeDuty = (work) =>
  new (class extends Naive {
    override start() {
      this.timer = undefined
      super.start()
    }
  })(work)

const REJECTING: MakeDuty = (work) =>
  new (class extends Naive {
    override async stop() {
      clearInterval(this.timer)
      this.timer = undefined
      await this.running
    }
  })(work)

const CARELESS: MakeDuty = (work) =>
  new (class extends Naive {
    override start() {
      void this.runOnce()
      super.start()
    }
  })(work)

const SPENT: MakeDuty = (work) =>
  new (class extends Naive {
    isSpent = false
    override start() {
      if (!this.isSpent) super.start()
    }
    override async stop() {
      this.isSpent = true
      await super.stop()
    }
  })(work)

const OBSTINATE: MakeDuty = (work) =>
  new (class extends Naive {
    override async runOnce() {
      await super.runOnce().finally(() => super.start())
    }
  })(work)

describe('dutyFaults', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  const second: DutyStep = { passMs: EVERY_MS }
  const workEnds = (fails: boolean) => [{ afterMs: 100, fails }]

  it.each<[string, MakeDuty, readonly DutyStep[], boolean]>([
    ['two runs were under way at once', OVERLAPPING, ['start', second, 'runOnce'], false],
    ['stop() resolved during a run', HASTY, ['start', second, 'stop'], false],
    // One, or more: what tests of other files have left behind in this thread sets timers too.
    ['timers were left after stop()', LEAKING, ['start', 'start', 'stop'], false],
    ['a run began after stop() had resolved', LEAKING, ['start', 'start', 'stop'], false],
    ['stop() rejected', REJECTING, ['start', second, 'stop'], true],
    ['a promise rejected unhandled', CARELESS, ['start', second], true],
    ['no run began after start()', SPENT, ['start', 'stop'], false],
    ['a run began after stop() had resolved', OBSTINATE, ['runOnce'], false],
  ])('finds that %s', async (fault, make, steps, fails) => {
    expect(await dutyFaults(make, steps, workEnds(fails))).toContainEqual(expect.stringContaining(fault))
  })

  it('finds nothing in a duty that is as it should be', async () => {
    const steps: readonly DutyStep[] = ['start', second, 'runOnce', 'stop', 'start']
    expect(await lastingFaults((work) => new Naive(work), steps, workEnds(true))).toEqual([])
  })
})
