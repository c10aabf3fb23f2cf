import {
  type JobRecord,
  type JobReply,
  type MessagesPage,
  MOST_MESSAGE_BYTES,
  MOST_MESSAGES,
  type Outcome,
  type Storage,
} from '@rq/job'
import { describe, expect, it } from 'vitest'
import { claimRequest, end, newJob, RAISED, RETURNED } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

const READ = { from: 'job', timeoutMs: 0 } as const
const WAIT = { from: 'job', timeoutMs: 60_000 } as const
const POSTS = { from: 'outside', timeoutMs: 0 } as const

/** Messages of running jobs, both ways. */
export function describeMessages(name: string, open: OpenStorage): void {
  describe(`${name}: messages`, () => {
    it('reads what a job sends, in its order, and then only what is new', async () => {
      await using test = await open()
      const { send } = await start(test.storage, 'sends')
      expect(await send('1', '2')).toBe('done')
      expect(await send('3')).toBe('done')
      const { jobs } = test.another()
      const page = await jobs.readMessages('sends', READ)
      expect(page).toMatchObject({ state: 'open', last: 3, lost: 0 })
      expect(textsOf(page)).toEqual(['1', '2', '3'])
      expect(page.messages.map(({ attempt, number }) => [number, attempt])).toEqual([
        [1, 1],
        [2, 1],
        [3, 1],
      ])
      expect(textsOf(await jobs.readMessages('sends', { ...READ, after: 2 }))).toEqual(['3'])
      expect(textsOf(await jobs.readMessages('sends', { ...READ, after: 3 }))).toEqual([])
    })

    it('ends a wait at the next message, at the end of the job, when it is canceled and when it is deleted', async () => {
      await using test = await open()
      const waited = await start(test.storage, 'waited')
      const reader = test.another().jobs
      const next = reader.readMessages('waited', WAIT)
      await waited.send('first')
      expect(textsOf(await next)).toEqual(['first'])
      const over = reader.readMessages('waited', { ...WAIT, after: 1 })
      await waited.end(RETURNED)
      expect(await over).toMatchObject({ state: 'over', messages: [], lost: 0 })

      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'canceled' }), newJob({ id: 'deleted' })])
      const canceled = reader.readMessages('canceled', WAIT)
      await jobs.cancel({ jobId: 'canceled', enqueueDependents: false, removeFromDependencies: false })
      expect(await canceled).toMatchObject({ state: 'over' })
      const deleted = reader.readMessages('deleted', WAIT)
      await jobs.delete({ jobId: 'deleted', deleteDependents: false })
      expect(await deleted).toMatchObject({ state: 'missing' })
    })

    it('ends a wait when its time is over, and when its signal fires', async () => {
      await using test = await open()
      await start(test.storage, 'silent')
      const { jobs } = test.storage
      expect(await jobs.readMessages('silent', { ...READ, timeoutMs: 20 })).toMatchObject({ state: 'open', last: 0 })
      const abort = new AbortController()
      const aborted = jobs.readMessages('silent', WAIT, abort.signal)
      abort.abort()
      expect(await aborted).toMatchObject({ state: 'open', messages: [] })
    })

    it('keeps what a job has sent at its end, also of a job that is not kept, but not what was posted to it', async () => {
      await using test = await open()
      const { jobs } = test.storage
      for (const [id, resultTtlS] of [
        ['kept', 500],
        ['dropped', 0],
      ] as const) {
        const job = await start(test.storage, id, { resultTtlS })
        await job.send('last')
        await jobs.addMessages(id, { from: 'outside', payloads: ['post'] })
        await job.end(RETURNED)
        const state = id === 'kept' ? 'over' : 'missing'
        const page = await jobs.readMessages(id, READ)
        expect([page.state, ...textsOf(page)]).toEqual([state, 'last'])
        expect(textsOf(await jobs.readMessages(id, POSTS))).toEqual([])
      }
    })

    it('takes posts for a job that has not started, and keeps all of both ways for the next attempt', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'again', retriesLeft: 1, retryIntervalsS: [0] })])
      expect(await jobs.addMessages('again', { from: 'outside', payloads: ['early'] })).toBe('done')
      const first = await start(test.storage, 'again')
      await first.send('of the first attempt')
      await first.end(RAISED)
      const again = await start(test.storage, 'again')
      await again.send('of the second')
      expect(textsOf(await jobs.readMessages('again', READ))).toEqual(['of the first attempt', 'of the second'])
      const [post] = (await jobs.readMessages('again', POSTS)).messages
      expect(post).toMatchObject({ number: 1, attempt: 0 })
      expect(String(post?.payload)).toBe('early')
    })

    it('wakes a job that waits for posts', async () => {
      await using test = await open()
      await start(test.storage, 'listens')
      const next = test.storage.jobs.readMessages('listens', { ...POSTS, timeoutMs: 60_000 })
      await test.another().jobs.addMessages('listens', { from: 'outside', payloads: ['hello'] })
      expect(textsOf(await next)).toEqual(['hello'])
    })

    it('refuses messages of another execution, posts to a job that is over, and both without a job', async () => {
      await using test = await open()
      const { jobs } = test.storage
      const owned = await start(test.storage, 'owned')
      const other = { from: 'job', executionId: 'ffff0000', attempt: 1, payloads: ['x'] } as const
      expect(await jobs.addMessages('owned', other)).toBe('refused')
      await owned.end(RETURNED)
      expect(await owned.send('after the end')).toBe('refused')
      const post = { from: 'outside', payloads: ['late'] } as const
      expect(await jobs.addMessages('owned', post)).toBe('refused')
      expect(await jobs.addMessages('none', post)).toBe('missing')
      await jobs.delete({ jobId: 'owned', deleteDependents: false })
      expect(await owned.send('gone')).toBe('missing')
      expect(await jobs.readMessages('none', READ)).toMatchObject({ state: 'missing', messages: [] })
    })

    it('gives a job nothing of an earlier job of its id', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const { send } = await start(test.storage, 'reused')
      await send('old')
      await queues.enqueue([newJob({ id: 'reused', createdAtMs: 1_700_000_000_000 })])
      expect(await jobs.readMessages('reused', READ)).toMatchObject({ state: 'open', last: 0, messages: [] })
      const anew = await start(test.storage, 'reused')
      await anew.send('new')
      expect(textsOf(await jobs.readMessages('reused', READ))).toEqual(['new'])
    })

    it('keeps the last 1000 messages, and says how many a slow reader has missed', async () => {
      await using test = await open()
      const { jobs } = test.storage
      const { send } = await start(test.storage, 'many')
      await send(...Array.from({ length: MOST_MESSAGES + 7 }, (_, n) => String(n + 1)))
      const all = await jobs.readMessages('many', READ)
      expect([textsOf(all)[0], all.messages.length, all.lost]).toEqual(['8', MOST_MESSAGES, 0])
      expect(await jobs.readMessages('many', { ...READ, after: 0 })).toMatchObject({ lost: 7 })
      expect(await jobs.readMessages('many', { ...READ, after: 7 })).toMatchObject({ lost: 0 })
    })

    it('keeps 1 MB of messages', async () => {
      await using test = await open()
      const { jobs } = test.storage
      const { send } = await start(test.storage, 'large')
      const quarter = 'x'.repeat(MOST_MESSAGE_BYTES / 4)
      for (const last of ['a', 'b', 'c', 'd', 'e']) await send(quarter.slice(1) + last)
      expect(textsOf(await jobs.readMessages('large', READ)).map((text) => text.at(-1))).toEqual(['b', 'c', 'd', 'e'])
      await send('f')
      expect((await jobs.readMessages('large', READ)).messages.map(({ number }) => number)).toEqual([3, 4, 5, 6])
    })
  })
}

interface Started {
  readonly send: (...payloads: string[]) => Promise<JobReply>
  readonly end: (outcome: Outcome) => Promise<unknown>
}

/** Enqueue a job, unless it is there, and claim it. */
async function start(storage: Storage, id: string, facts: Partial<JobRecord> = {}): Promise<Started> {
  const { jobs, queues, workers } = storage
  if (!(await jobs.exists(id))) await queues.enqueue([newJob({ id, ...facts })])
  const claimed = (await workers.claim(claimRequest())).jobs
  const executionId = claimed[0]?.executionId ?? ''
  return {
    send: (...payloads) => jobs.addMessages(id, { from: 'job', executionId, attempt: 1, payloads }),
    end: (outcome) => end(storage, claimed, outcome),
  }
}

function textsOf({ messages }: MessagesPage): string[] {
  return messages.map(({ payload }) => String(payload))
}
