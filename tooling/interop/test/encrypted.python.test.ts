import { randomBytes } from 'node:crypto'
import { makeProject, type TempDir } from '@rq/testkit'
import { aesCodec, Job } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

const key = randomBytes(32).toString('base64')
const codec = aesCodec({ keys: { k: key }, active: 'k' })
const SECRET = 'the-secret-of-ada'

describe.skipIf(python === undefined)(withPython('encrypted jobs'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })
  let project: TempDir
  beforeAll(async () => {
    const module = `import { aesCodec } from 'rq'
      export const codec = aesCodec({ keys: { k: '${key}' }, active: 'k' })`
    project = await makeProject({ 'codec.mjs': module }, { packages: ['rq'] })
  })
  afterAll(async () => project?.[Symbol.asyncDispose]())

  const burst = (queue: string) => site.worker(queue, { codec: `${project.dir}/codec.mjs#codec` }).work({ burst: true })
  const handle = (id: string) => Job.fetch(id, { connection: site.redis.url, serializer: 'json', codec })

  test('Python lists, saves, requeues, cancels and deletes them, and they run as before', async () => {
    const queue = site.queue('secret', { codec })
    const good = await queue.enqueue('tasks.stamp_meta', [{ note: SECRET }], { meta: { before: SECRET } })
    const bad = await queue.enqueue('tasks.fail', [SECRET])
    const [canceled, deleted] = [await queue.enqueue('tasks.echo', [1]), await queue.enqueue('tasks.echo', [2])]
    const ids = [good.id, bad.id, canceled.id, deleted.id]
    expect(await site.py(`queue('secret').job_ids`)).toEqual(ids)
    expect(await site.py(`[job.description for job in queue('secret').jobs][:2]`)).toEqual([
      'tasks.stamp_meta(...)',
      'tasks.fail(...)',
    ])
    await site.py('for id in ids: fetch(id).save()', { ids })
    await site.py('fetch(a).cancel(); fetch(b).delete()', { a: canceled.id, b: deleted.id })
    expect([(await handle(good.id)).args, (await handle(good.id)).meta]).toEqual([
      [{ note: SECRET }],
      { before: SECRET },
    ])
    await burst('secret')
    expect((await handle(good.id)).meta).toEqual({ before: SECRET, note: SECRET, language: 'typescript' })
    expect(await (await handle(good.id)).returnValue()).toEqual(['before', 'language', 'note'])
    expect(await site.py('fetch(id).exc_info', { id: bad.id })).toMatch(
      /^rq-codec:aes:\S+\nTypeError: encoded with the codec "aes"$/,
    )
    await site.py('fetch(id).requeue()', { id: bad.id })
    await burst('secret')
    const [result] = await (await handle(bad.id)).results()
    expect(result?.excString).toContain(`TypeError: ${SECRET}`)
    expect(await (await handle(canceled.id)).getStatus()).toBe('canceled')
  })

  test('a Python worker runs nothing, and fails them with an error; requeued, they run here', async () => {
    const queue = site.queue('shared', { codec })
    const job = await queue.enqueue('tasks.echo', [SECRET], { meta: { note: SECRET } })
    await site.pythonWorker('shared', { burst: true }).exited
    expect(await job.getStatus()).toBe('failed')
    expect(await site.py('fetch(id).exc_info', { id: job.id })).toContain('DeserializationError')
    await (await handle(job.id)).requeue()
    await burst('shared')
    expect(await (await handle(job.id)).returnValue()).toBe(SECRET)
  })

  test('the default serializer of Python runs nothing of them either', async () => {
    const job = await site.queue('pickled', { codec }).enqueue('tasks.echo', [SECRET])
    const load =
      'import pickle; loaded = None\ntry:\n  pickle.loads(conn.hget("rq:job:" + id, "data"))\nexcept Exception as e:\n  loaded = type(e).__name__\nloaded'
    expect(await site.py(load, { id: job.id })).toBe('UnpicklingError')
  })
})
