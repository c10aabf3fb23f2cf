import { eventually, ownClient, patience } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { type PauseCommandOptions, SimpleWorker, sendPauseCommand, sendResumeCommand, Worker } from '../src/index.ts'
import { add } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** A worker of the queues default and other that works until the end of the scope. */
async function workingIn(test: RqFixture, name: string, options: { canClaim?: (queue: string) => boolean } = {}) {
  const worker = new SimpleWorker(['default', 'other'], { ...test.where, name, jobMonitoringInterval: 1, ...options })
  const working = worker.work({ withScheduler: false })
  const shown = async () => (await Worker.all(test.shared)).find((one) => one.name === name)?.paused
  await eventually(async () => expect(await shown()).toEqual([]))
  return {
    worker,
    shown,
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await working
    },
  }
}

describe('a worker that is paused', () => {
  it('claims nothing until it is resumed, and its record and the job say so', async () => {
    await using test = await rqFixture()
    await using place = await workingIn(test, 'pauses')
    await sendPauseCommand(test.shared, 'pauses')
    await eventually(async () => expect(await place.shown()).toEqual(['default', 'other']))
    const job = await test.queue.enqueue(add, [1, 2])
    expect(await job.explain()).toMatchObject({ status: 'queued', code: 'workers_paused' })
    await sendResumeCommand(test.shared, 'pauses')
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    await eventually(async () => expect(await place.shown()).toEqual([]))
  })

  it('pauses one queue, and serves the others as before', async () => {
    await using test = await rqFixture()
    const other = test.open('other')
    await using place = await workingIn(test, 'serves')
    await sendPauseCommand(test.shared, 'serves', { queue: 'default' })
    await eventually(async () => expect(await place.shown()).toEqual(['default']))
    const held = await test.queue.enqueue(add, [1, 2])
    // One after the other, so that the worker waits for each.
    for (let n = 0; n < 3; n++) {
      const job = await other.enqueue(add, [n, 1])
      expect(await job.result({ timeout: patience(60) })).toBe(n + 1)
    }
    expect(await held.getStatus()).toBe('queued')
    place.worker.resume()
    expect(await held.result({ timeout: patience(60) })).toBe(3)
  })

  it('leaves its queue to other workers', async () => {
    await using test = await rqFixture()
    await using place = await workingIn(test, 'leaves')
    place.worker.pause()
    await eventually(async () => expect(await place.shown()).toEqual(['default', 'other']))
    const job = await test.queue.enqueue(add, [1, 2])
    expect(await test.work()).toBe(true)
    expect(await job.returnValue()).toBe(3)
  })

  it('shows it again when its record was lost', async () => {
    await using test = await rqFixture()
    await using place = await workingIn(test, 'forgets')
    place.worker.pause('other')
    await eventually(async () => expect(await place.shown()).toEqual(['other']))
    await test.redis.client.del(test.key('worker:forgets'))
    await eventually(async () => expect(await place.shown()).toEqual(['other']))
  })

  it('waits for one queue with a claim that takes nothing once that is paused', async () => {
    await using test = await rqFixture()
    const worker = new SimpleWorker('default', { ...test.where, name: 'waits' })
    const working = worker.work({ withScheduler: false })
    // A job that it has waited for.
    expect(await (await test.queue.enqueue(add, [1, 1])).result({ timeout: patience(60) })).toBe(2)
    worker.pause()
    await eventually(async () =>
      expect(await test.redis.client.hget(test.key('worker:waits'), 'paused')).toBe('default'),
    )
    const job = await test.queue.enqueue(add, [1, 2])
    await eventually(async () => expect(await test.redis.client.hget(test.key('worker:waits'), 'state')).toBe('idle'))
    expect([await job.getStatus(), await test.queue.getJobIds()]).toEqual(['queued', [job.id]])
    worker.resume()
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    await worker.stop()
    await working
  })
})

describe('a worker of queues with a concurrency each', () => {
  it('pauses and resumes one of many, while it waits for all', async () => {
    await using test = await rqFixture()
    const names = Array.from({ length: 12 }, (_, n) => `q${n}`)
    const worker = new SimpleWorker(Object.fromEntries(names.map((name) => [name, 1])), { ...test.where, name: 'many' })
    const working = worker.work({ withScheduler: false })
    const shown = () => test.redis.client.hget(test.key('worker:many'), 'paused')
    const [held, other] = [test.open('q11'), test.open('q3')]
    expect(await (await held.enqueue(add, [1, 1])).result({ timeout: patience(60) })).toBe(2)
    worker.pause('q11')
    await eventually(async () => expect(await shown()).toBe('q11'))
    const job = await held.enqueue(add, [1, 2])
    for (let n = 0; n < 3; n++) {
      expect(await (await other.enqueue(add, [n, 1])).result({ timeout: patience(60) })).toBe(n + 1)
    }
    expect(await job.getStatus()).toBe('queued')
    worker.resume('q11')
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    expect(await (await held.enqueue(add, [2, 2])).result({ timeout: patience(60) })).toBe(4)
    await worker.stop()
    await working
  })
})

describe('canClaim', () => {
  it('holds back the jobs of a queue until it says yes', async () => {
    await using test = await rqFixture()
    const other = test.open('other')
    let isWell = false
    let refusals = 0
    const canClaim = (queue: string) => {
      const answer = queue === 'other' || isWell
      if (!answer) refusals++
      return answer
    }
    await using _place = await workingIn(test, 'asks', { canClaim })
    const held = await test.queue.enqueue(add, [1, 2])
    expect(await (await other.enqueue(add, [2, 2])).result({ timeout: patience(60) })).toBe(4)
    expect(await held.getStatus()).toBe('queued')
    isWell = true
    expect(await held.result({ timeout: patience(60) })).toBe(3)
    isWell = false
    refusals = 0
    // A yes counts for a tenth of a second.
    await eventually(async () => {
      await (await other.enqueue(add, [4, 4])).result({ timeout: patience(60) })
      return refusals > 0
    })
    const next = await test.queue.enqueue(add, [3, 3])
    expect(await (await other.enqueue(add, [4, 4])).result({ timeout: patience(60) })).toBe(8)
    expect(await next.getStatus()).toBe('queued')
  })
})

describe('what canClaim holds back', () => {
  it('is in the record, and the job names the worker and the time, until it says yes', async () => {
    await using test = await rqFixture()
    let isWell = false
    await using _place = await workingIn(test, 'refuses', { canClaim: (queue) => queue === 'other' || isWell })
    const held = async () => (await Worker.all(test.shared)).find(({ name }) => name === 'refuses')?.held
    await eventually(async () =>
      expect(await held()).toEqual([{ queue: 'default', reason: 'no', sinceMs: expect.any(Number) }]),
    )
    const job = await test.queue.enqueue(add, [1, 2])
    const [hold] = (await held()) ?? []
    const since = new Date(hold?.sinceMs ?? 0).toISOString()
    expect(await job.explain()).toMatchObject({
      code: 'workers_held',
      text: `It is next in the queue default; 1 worker serves the queue; the canClaim of the worker refuses has said no since ${since}.`,
    })
    // A record that was lost shows it again, since the same time.
    await test.redis.client.del(test.key('worker:refuses'))
    await eventually(async () => expect(await held()).toEqual([hold]))
    isWell = true
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    await eventually(async () => expect(await held()).toEqual([]))
  })

  it('costs a worker that holds nothing back no write', async () => {
    await using test = await rqFixture()
    await using place = await workingIn(test, 'says-yes', { canClaim: () => true })
    expect(await (await test.queue.enqueue(add, [1, 1])).result({ timeout: patience(60) })).toBe(2)
    place.worker.pause('other')
    await eventually(async () => expect(await place.shown()).toEqual(['other']))
    expect(await test.redis.client.hexists(test.key('worker:says-yes'), 'held')).toBe(0)
  })
})

describe('sendPauseCommand and sendResumeCommand', () => {
  it('send nothing to a worker that is not there, is of Python, or does not serve the queue', async () => {
    await using test = await rqFixture()
    await using _place = await workingIn(test, 'listens')
    const { client } = test.redis
    const birth = '2026-01-31T10:00:00.000000Z'
    await client.hset(test.key('worker:snake'), {
      ...{ birth, last_heartbeat: birth, queues: 'default', state: 'idle', python_version: '3.12.1' },
    })
    await client.expire(test.key('worker:snake'), 60)
    await client.sadd(test.key('workers'), test.key('worker:snake'))
    using listener = ownClient(test.redis.url)
    const heard: string[] = []
    listener.on('message', (_, message) => heard.push(message))
    await listener.subscribe(...['listens', 'snake', 'nobody'].map((name) => test.key(`pubsub:${name}`)))
    const refused: [name: string, options: PauseCommandOptions, code: string, message: string][] = [
      ['nobody', {}, 'RQ_NO_SUCH_WORKER', "There is no worker named 'nobody': rq-cli info lists the workers."],
      ['', {}, 'RQ_INVALID_OPTION', 'Invalid workerName: got "", expected'],
      ['snake', {}, 'RQ_INVALID_OPERATION', "Worker 'snake' is a worker of Python RQ, which cannot pause by itself."],
      [
        ...(['listens', { queue: 'low' }, 'RQ_INVALID_OPTION'] as const),
        'Invalid queue: got "low", expected a queue that worker \'listens\' serves: default, other.',
      ],
      ['listens', { queues: ['low'] } as never, 'RQ_INVALID_OPTION', 'queues'],
    ]
    for (const send of [sendPauseCommand, sendResumeCommand]) {
      for (const [name, options, code, message] of refused) {
        await expect(send(test.shared, name, options)).rejects.toMatchObject({
          code,
          message: expect.stringContaining(message),
        })
      }
    }
    await sendPauseCommand(test.shared, 'listens', { queue: 'other' })
    await eventually(() => expect(heard).toHaveLength(1))
    expect(heard.map((text) => JSON.parse(text))).toEqual([{ command: 'pause', queue: 'other' }])
    await client.del(test.key('worker:snake'))
    await client.srem(test.key('workers'), test.key('worker:snake'))
  })
})
