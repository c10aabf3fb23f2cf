import { randomBytes } from 'node:crypto'
import { inputInvalid } from '@rq/queue'
import { describe, expect, it } from 'vitest'
import { aesCodec, type Job, type JobFailedError, type Queue } from '../src/index.ts'
import { note, noted } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const ISSUE = { message: 'expected a string', path: ['to'] }
const refuses = () => {
  noted.push('refused')
  throw inputInvalid('mail', [ISSUE])
}
const resets = () => {
  throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
}
const REFUSING = { functions: { mail: refuses, charge: resets } }

async function found(queue: Queue, error: string): Promise<string[]> {
  const ids: string[] = []
  for await (const job of queue.failedJobRegistry.jobs({ error, limit: 10 })) ids.push(job.id)
  return ids.sort()
}

describe('a job whose input does not fit its schema', () => {
  it('fails at once with what the schema says, and its retries are left', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue('mail', [7], { retry: 3 })
    await at.work(['default'], REFUSING)
    await job.refresh()
    expect([await job.getStatus(), job.retriesLeft, noted]).toEqual(['failed', 3, ['refused']])
    const failure: unknown = await job.result().catch((error: unknown) => error)
    const { remote } = failure as JobFailedError
    expect(remote).toMatchObject({ code: 'RQ_INPUT_INVALID', details: { job: 'mail', issues: [{ path: 'to' }] } })
    expect(remote.message).toBe('The input of "mail" does not fit its schema: to: expected a string.')
  })
})

describe('failed jobs by their error', () => {
  it('are found, requeued and deleted by it, and by the function as well', async () => {
    await using at = await rqFixture()
    const enqueue = (func: string, jobId: string): Promise<Job> => at.queue.enqueue(func, [jobId], { jobId })
    for (const id of ['a', 'b']) await enqueue('mail', id)
    for (const id of ['c', 'd']) await enqueue('charge', id)
    await enqueue('missing', 'e')
    await at.work(['default'], REFUSING)
    expect(await found(at.queue, 'RQ_INPUT_INVALID')).toEqual(['a', 'b'])
    expect(await found(at.queue, 'RQ_FUNCTION_NOT_FOUND')).toEqual(['e'])
    expect(await found(at.queue, 'ECONNRESET')).toEqual(['c', 'd'])
    expect(await found(at.queue, 'RqError')).toEqual(['a', 'b', 'e'])
    const failed = at.queue.failedJobRegistry
    expect(await failed.requeueAll({ error: 'RqError', function: 'charge' })).toEqual({ done: 0, left: 0 })
    expect(await failed.clear({ error: 'ECONNRESET', limit: 1 })).toMatchObject({ done: 1 })
    expect(await failed.requeueAll({ error: 'RQ_INPUT_INVALID' })).toEqual({ done: 2, left: 0 })
    await at.work(['default'], { functions: { mail: note } })
    expect(noted.slice(-2).sort()).toEqual(['a', 'b'])
    expect(await failed.count()).toBe(2)
  })

  it('are found by the code of an encrypted error with the codec only', async () => {
    await using at = await rqFixture()
    const codec = aesCodec({ keys: { k1: randomBytes(32) }, active: 'k1' })
    const encrypted = at.open('default', { codec })
    const job = await encrypted.enqueue('mail')
    await at.work(['default'], { ...REFUSING, codec })
    expect(await found(encrypted, 'RQ_INPUT_INVALID')).toEqual([job.id])
    expect([await found(at.queue, 'RQ_INPUT_INVALID'), await found(at.queue, 'RqError')]).toEqual([[], [job.id]])
  })
})
