import type { ScheduleFacts } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { explainSchedule, type ScheduleSituation } from './schedule-explanation.ts'

const NOW_MS = Date.parse('2030-01-01T00:00:00Z')
const MINUTE_MS = 60_000

function situation(more: Partial<ScheduleFacts> = {}, rest: Partial<ScheduleSituation> = {}): ScheduleSituation {
  const schedule: ScheduleFacts = {
    ...{
      name: 'report',
      revision: 'r',
      rule: { everyS: 60, catchUp: 'skip', overlap: 'allow' },
      anchorMs: 0,
      count: 0,
    },
    ...{ queue: 'mail', digest: 'd', funcName: './jobs#report', createdAtMs: 0, changedAtMs: 0 },
    ...{ nextMs: NOW_MS + MINUTE_MS },
    ...more,
  }
  return { schedule, nowMs: NOW_MS, workers: 1, failure: undefined, returnedId: undefined, knownToNone: false, ...rest }
}

/** One that waits for no time. */
function quiet(more: Partial<ScheduleFacts> = {}): ScheduleSituation {
  const { schedule, ...rest } = situation(more)
  const { nextMs: _, ...facts } = schedule
  return { ...rest, schedule: facts }
}

const UNKNOWN = { id: 'j', error: { code: 'RQ_FUNCTION_NOT_FOUND', message: "Cannot load './jobs#report': no file." } }

describe('explainSchedule', () => {
  it.each<[string, ScheduleSituation, string, string]>([
    ['one that waits', situation(), 'waiting', 'Its next job comes at 2030-01-01T00:01:00.000Z.'],
    [
      'one whose queue has no worker',
      situation({}, { workers: 0 }),
      'no_worker',
      'Its next job comes at 2030-01-01T00:01:00.000Z, but no worker serves the queue mail. Start one.',
    ],
    [
      'one that nobody enqueues, without workers',
      situation({ nextMs: NOW_MS - MINUTE_MS }, { workers: 0 }),
      'late',
      'Its job was due at 2029-12-31T23:59:00.000Z, 60 s ago, and no scheduler enqueues it: no worker serves the queue mail. Start one.',
    ],
    [
      'one that nobody enqueues, beside workers',
      situation({ nextMs: NOW_MS - MINUTE_MS }),
      'late',
      'Its job was due at 2029-12-31T23:59:00.000Z, 60 s ago, and no scheduler enqueues it: the workers of the queue mail run no scheduler, or are of Python RQ. Start a worker or rq-cli scheduler.',
    ],
    ['one that is due now', situation({ nextMs: NOW_MS - 1 }), 'waiting', 'Its next job is due now.'],
    [
      'one that is paused',
      quiet({ pausedMs: NOW_MS }),
      'paused',
      'It has been paused since 2030-01-01T00:00:00.000Z; schedule.resume() lets it go on.',
    ],
    ['one that is over', quiet(), 'over', 'It has no further time. Write report with other times.'],
    ['one that is damaged', situation({ rule: undefined }), 'unreadable', 'Its rule cannot be read: write it again.'],
    [
      'one whose function no worker has',
      situation({}, { failure: UNKNOWN }),
      'unknown_function',
      "No worker could load its function for its last job: Cannot load './jobs#report': no file. Start a worker that has it, or remove the schedule.",
    ],
    [
      'one whose job no worker knows by name',
      situation({ funcName: 'report' }, { knownToNone: true }),
      'unknown_function',
      'No worker of the queue mail knows the job report. Start one that does, or remove the schedule. Its next job comes at 2030-01-01T00:01:00.000Z.',
    ],
    [
      'one whose job workers have returned',
      situation({}, { returnedId: 'j' }),
      'unknown_function',
      'Its last job, j, waits for a worker that knows its function. Its next job comes at 2030-01-01T00:01:00.000Z.',
    ],
    [
      'one whose job failed otherwise',
      situation({}, { failure: { id: 'j', error: { message: 'x' } } }),
      'waiting',
      'Its next job comes at 2030-01-01T00:01:00.000Z. Its last job, j, has failed.',
    ],
  ])('says what becomes of %s', (_, facts, code, text) => {
    expect(explainSchedule(facts)).toEqual({ code, text })
  })

  it('names an unknown function of one that is paused, too, and keeps an error in one line', () => {
    const error = { code: 'RQ_FUNCTION_NOT_ALLOWED', message: 'Refused.\nBecause.' }
    const explained = explainSchedule({ ...quiet({ pausedMs: NOW_MS }), failure: { id: 'j', error } })
    expect(explained.code).toBe('paused')
    expect(explained.text).toMatch(/^No worker could load .*: Refused\.\\nBecause\. It has been paused since /)
  })
})
