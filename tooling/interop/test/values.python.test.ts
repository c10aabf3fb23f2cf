import { Job } from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('values between the languages'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const burst = (queue: string) => site.worker(queue).work({ burst: true })
  const pythonBurst = (queue: string) => site.pythonWorker(queue, { burst: true }).exited
  const handle = (id: string) => Job.fetch(id, { connection: site.redis.url, serializer: 'json' })
  const returned = (id: string, show = 'repr') => site.py(`${show}(fetch(id).return_value())`, { id })
  const TEXT = 'Grüße, 世界 🎉 \u2028 "quoted" \\ and \x00'

  test('our functions get NaN, infinities and integers beyond 2^53 of Python exactly', async () => {
    const id = await site.py<string>(
      `queue('numbers').enqueue('tasks.echo', [float('nan'), float('inf'), -float('inf'), 2**53 + 1, -2**70, 0.1, 1e16]).id`,
    )
    const described = await site.py<string[]>(`
[queue('numbers').enqueue('only_typescript.describe', value).id for value in (2**53 + 1, 2**53 - 1, float('nan'), 1e300, 1.0)]`)
    await burst('numbers')
    const job = await handle(id)
    expect(job.args).toEqual([
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2n ** 53n + 1n, -(2n ** 70n), 0.1, 1e16],
    ])
    const texts = await Promise.all(described.map(async (one) => (await handle(one)).returnValue()))
    expect(texts).toEqual([
      'bigint 9007199254740993',
      'number 9007199254740991',
      'number NaN',
      'number 1e+300',
      'number 1',
    ])
  })

  test('we read the return value of a Python function exactly', async () => {
    const queue = site.queue('python-numbers')
    const [odd, big, text] = [
      await queue.enqueue('only_python.odd_numbers'),
      await queue.enqueue('only_python.big'),
      await queue.enqueue('only_python.unicode_text'),
    ]
    await pythonBurst('python-numbers')
    expect(await odd.result()).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2n ** 70n,
      -(2n ** 60n),
      1e16,
      0.1,
    ])
    expect(await big.result()).toBe(2n ** 80n)
    expect(await text.result()).toBe(TEXT)
  })

  test('strings in any script pass both ways, in arguments, meta, description and results', async () => {
    const [id = '', lone = ''] = await site.py<string[]>(
      `
q = queue('unicode')
[q.enqueue('tasks.echo', {text: [text]}, meta={text: text}, description=text).id,
 q.enqueue('tasks.echo', chr(0xd83d)).id]`,
      { text: TEXT },
    )
    const ours = await site
      .queue('unicode')
      .enqueue('tasks.greet', [TEXT], { kwargs: { greeting: TEXT }, meta: { [TEXT]: 1 }, description: TEXT })
    await burst('unicode')
    expect(await returned(id, '')).toEqual({ [TEXT]: [TEXT] })
    const job = await handle(id)
    expect(job).toMatchObject({ meta: { [TEXT]: TEXT }, description: TEXT })
    expect(await site.py(`ord(fetch(id).return_value())`, { id: lone })).toBe(0xd83d)
    expect(await site.py(`describe(fetch(id))`, { id: ours.id })).toMatchObject({
      return_value: `${TEXT}, ${TEXT}!`,
      meta: { [TEXT]: 1 },
      description: TEXT,
      args: [TEXT],
      kwargs: { greeting: TEXT },
    })
    expect(await site.py(`queue('unicode').enqueue('only_python.unicode_text').kwargs`)).toEqual({})
  })

  test('a value that only JavaScript has becomes its JSON, or the words of RQ for an unserializable one', async () => {
    const ids = await site.py<string[]>(
      `[queue('foreign').enqueue(f'only_typescript.{name}').id for name in ('map', 'big', 'dates', 'unicodeText')]`,
    )
    await burst('foreign')
    expect(await Promise.all(ids.map((id) => returned(id, '')))).toEqual([
      'Unserializable return value',
      'Unserializable return value',
      { at: '2030-01-02T03:04:05.678Z' },
      TEXT,
    ])
    const sets = await site.queue('foreign').enqueue('tasks.unserializable')
    await pythonBurst('foreign')
    // Depending on its version, a Python worker fails a job whose value it cannot serialize, or writes the same words.
    const outcome = await sets.latestResult()
    expect(outcome?.excString ?? outcome?.returnValue).toMatch(/not JSON serializable|^Unserializable return value$/)
  })

  test('times are UTC with six digits and Z, and each side reads the times of the other', async () => {
    const id = await site.py<string>(`queue('times').enqueue('tasks.nothing').id`)
    const raw = await site.client.hget(`rq:job:${id}`, 'created_at')
    expect((await handle(id)).createdAt.toISOString()).toBe(`${raw?.slice(0, -4)}Z`)
    const ours = await site.queue('times').enqueue('tasks.nothing')
    await burst('times')
    for (const one of [id, ours.id]) {
      const fields = await site.client.hgetall(`rq:job:${one}`)
      for (const name of ['created_at', 'enqueued_at', 'started_at', 'ended_at']) {
        expect(fields[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
      }
    }
    const seen = await site.py<Record<string, string>>(`describe(fetch(id))`, { id: ours.id })
    expect(new Date(`${seen.ended_at?.replace(/\+00:00$/, '').slice(0, 23)}Z`)).toEqual((await handle(ours.id)).endedAt)
    // Older versions wrote no fraction when it was zero.
    await site.client.hset(`rq:job:${id}`, 'created_at', '2020-02-29T23:59:59Z')
    expect((await handle(id)).createdAt).toEqual(new Date(Date.UTC(2020, 1, 29, 23, 59, 59)))
    expect(await site.py(`str(fetch(id).created_at)[:19]`, { id })).toBe('2020-02-29 23:59:59')
  })

  test('a call of a megabyte passes both ways', async () => {
    const large = 'ä🎉'.repeat(150_000)
    const id = await site.py<string>(`queue('large').enqueue('tasks.echo', large).id`, { large })
    const ours = await site.queue('large').enqueue('tasks.echo', [large])
    const backed = await site.py<string>(`fetch(id).args[0]`, { id: ours.id })
    expect(backed).toBe(large)
    await burst('large')
    expect(await returned(id, '')).toBe(large)
    const theirs = await site.queue('large').enqueue('tasks.echo', [large])
    await pythonBurst('large')
    expect(await theirs.result()).toBe(large)
  })

  test('a job of ours in the hash dialect keeps its value when Python saves it', async () => {
    const queue = site.queue('saved', { results: 'hash' })
    const job = await queue.enqueue('tasks.echo', [{ kept: true }])
    await burst('saved')
    expect(await site.py(`fetch(id).result if hasattr(Job, 'result') else fetch(id)._result`, { id: job.id })).toEqual({
      kept: true,
    })
    await site.py(`job = fetch(id); job.meta['seen'] = True; job.save()`, { id: job.id })
    expect(await job.returnValue()).toEqual({ kept: true })
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful'])
    expect(await job.getMeta()).toEqual({ seen: true })
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
