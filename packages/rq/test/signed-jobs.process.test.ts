import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { makeProject, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Queue, Worker, WorkerPool } from '../src/index.ts'

const KEY = Buffer.alloc(32, 'canary key')
const SIGN = { sign: { keys: { k: KEY }, active: 'k' } }
const requireSignature = { keys: { k: KEY } }

const JOBS = `
export const add = (x, y) => x + y
export const look = () => JSON.stringify([process.env, process.argv, process.execArgv, process.title])
`
const FORGED = `
import { writeFileSync } from 'node:fs'
writeFileSync(new URL('imported', import.meta.url), '')
export const run = () => {}
`
const HANDLERS = `
import { appendFileSync } from 'node:fs'
export const heard = (job, error) => appendFileSync(new URL('heard', import.meta.url), job.id + ' ' + error.code + ' ')
`

describe('requireSignature', () => {
  it.each(['a pool', 'a thread'])('holds in %s: nothing of an unsigned job is imported', async (kind) => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS, 'forged.mjs': FORGED, 'handlers.mjs': HANDLERS })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using signing = new Queue('default', { ...where, ...SIGN })
    await using plain = new Queue('default', where)
    const signed = await signing.enqueue('jobs.add', [1, 2])
    const look = await signing.enqueue('jobs.look')
    const onFailure = './forged#run'
    await plain.enqueue('forged.run', [], { jobId: 'function', onFailure })
    await plain.enqueue('jobs.add', [1, 2], { jobId: 'callback', onFailure })

    const options = {
      ...where,
      importPaths: [project.dir],
      requireSignature,
      exceptionHandlers: ['./handlers#heard'],
    }
    if (kind === 'a pool') await new WorkerPool('default', options).start({ burst: true, withScheduler: false })
    else await new Worker('default', { ...options, horse: 'thread' }).work({ burst: true })

    expect(await signed.result()).toBe(3)
    const seen = String(await look.result())
    for (const key of [KEY.toString('base64'), KEY.toString(), KEY.toString('hex')]) expect(seen).not.toContain(key)
    expect(await readFile(project.path('heard'), 'utf8')).toBe('function RQ_SIGNATURE callback RQ_SIGNATURE ')
    expect(existsSync(project.path('imported'))).toBe(false)
    for (const id of ['function', 'callback']) {
      expect((await (await plain.fetchJob(id))?.latestResult())?.excString).toMatch(
        /^RqError \[RQ_SIGNATURE\]: Refused job/,
      )
    }
  })
})
