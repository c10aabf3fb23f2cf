import { silentLogger, systemClock } from '@rq/core'
import type { CronStore, DueSchedules, Promoted, SchedulerIdentity, SchedulerStore, ScheduleStore } from '@rq/job'
import { describeDuty } from '@rq/testkit/duty-conformance'
import type { CronEntry } from './cron-entry.ts'
import { CronPresence } from './cron-presence.ts'
import { CronTicker } from './cron-ticker.ts'
import { Leadership } from './leadership.ts'
import { Promoter } from './promoter.ts'
import { ScheduleTicker } from './schedules/schedule-ticker.ts'
import { StoreClock } from './store-clock.ts'

const common = { clock: systemClock, logger: silentLogger }

describeDuty('Leadership', (work) => {
  const scheduler: SchedulerIdentity = { name: 's', queues: ['q'], pid: 1, hostname: 'h', createdAtMs: 0 }
  const lead = async () => {
    await work()
    return { queues: ['q'], freeInMs: 5000 }
  }
  const store = { lead, stopLeading: async () => true } as unknown as SchedulerStore
  return new Leadership({ ...common, store, scheduler, leaseMs: 5000, onLead: () => {} })
})

describeDuty('Promoter', (work) => {
  const promoteDue = async (): Promise<Promoted> => {
    await work()
    return { moved: 1, waitMs: 300, nowMs: Date.now() }
  }
  const store = { promoteDue } as unknown as SchedulerStore
  const leading = { leader: 's', leads: () => true, onLost: () => {} }
  return new Promoter({ ...common, ...leading, store, queues: ['q'], pollMs: 1000 })
})

describeDuty('ScheduleTicker', (work) => {
  const due = async (): Promise<DueSchedules> => {
    await work()
    return { due: [], waitMs: 300, nowMs: Date.now() }
  }
  const store = { due } as unknown as ScheduleStore
  return new ScheduleTicker({ ...common, leads: () => true, store, queues: ['q'] })
})

describeDuty('CronPresence', (work) => {
  const heartbeat = async () => {
    await work()
    return { isNameTaken: false, nowMs: Date.now() }
  }
  const store = { heartbeat } as unknown as CronStore
  const clock = new StoreClock(systemClock)
  const record = () => ({ name: 's', hostname: 'h', pid: 1, createdAtMs: 0, configFile: '', jobs: [] })
  return new CronPresence({ store, clock, record, instance: 'i', logger: silentLogger })
})

describeDuty('CronTicker', (work) => {
  const clock = new StoreClock(systemClock)
  const entry = {
    wakeAtMs: 0,
    async runDue() {
      await work()
      entry.wakeAtMs = clock.nowMs() + 1000
      return 1
    },
  }
  const entries = [entry as unknown as CronEntry]
  return new CronTicker({ clock, entries: () => entries, onEnqueued: () => {}, logger: silentLogger })
})
