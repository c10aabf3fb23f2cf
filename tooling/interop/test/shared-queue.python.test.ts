import { eventually, patience } from '@rq/testkit'
import { Job, Queue } from 'rq'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

const GROUPS = 200

type Level = {
  /** The side that enqueues it. */
  readonly by: 'typescript' | 'python'
  /** The sides whose workers serve the queue. */
  readonly queue: 'both' | 'only-typescript' | 'only-python'
  /** The levels of its group that it waits for. */
  readonly dependsOn: readonly number[]
}

/** Ten jobs per group. Each returns its own number plus the values of the jobs that it waited for. */
const LEVELS: readonly Level[] = [
  { by: 'typescript', queue: 'both', dependsOn: [] },
  { by: 'python', queue: 'both', dependsOn: [] },
  { by: 'python', queue: 'only-typescript', dependsOn: [0, 1] },
  { by: 'typescript', queue: 'only-python', dependsOn: [0, 1] },
  { by: 'python', queue: 'both', dependsOn: [2] },
  { by: 'typescript', queue: 'both', dependsOn: [3] },
  { by: 'typescript', queue: 'only-typescript', dependsOn: [4, 5] },
  { by: 'python', queue: 'only-python', dependsOn: [4, 5] },
  { by: 'typescript', queue: 'both', dependsOn: [6, 7] },
  { by: 'python', queue: 'both', dependsOn: [8] },
]

const idOf = (group: number, level: number) => `g${group}-l${level}`
const numberOf = (group: number, level: number) => group * LEVELS.length + level

function expectedValue(group: number, level: number): number {
  const others = LEVELS[level]?.dependsOn ?? []
  return others.reduce((sum, other) => sum + expectedValue(group, other), numberOf(group, level))
}

describe.skipIf(python === undefined)(withPython('workers of both languages share queues'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test(`${GROUPS * LEVELS.length} jobs that depend on each other across the languages run once each, with the right values`, async () => {
    const workers = ['a', 'b'].map((name) =>
      site.worker(['both', 'only-typescript'], { name: `typescript-${name}`, concurrency: 2 }),
    )
    const work = workers.map((worker) => worker.work())
    const theirs = ['a', 'b'].map((name) =>
      site.pythonWorker(['only-python', 'both'], { name: `python-${name}`, logging_level: 'WARNING' }),
    )
    // Those of Python take a second to start, in which ours would run all that is for both.
    await eventually(async () => {
      for (const name of ['python-a', 'python-b'])
        expect(await site.client.hget(`rq:worker:${name}`, 'state')).toBe('idle')
    })
    const groups = Array.from({ length: GROUPS }, (_, group) => group)
    for (const [level, { by, queue, dependsOn }] of LEVELS.entries()) {
      const jobs = groups.map((group) => ({
        id: idOf(group, level),
        own: numberOf(group, level),
        dependencies: dependsOn.map((other) => idOf(group, other)),
      }))
      if (by === 'typescript') {
        const datas = jobs.map(({ id, own, dependencies }) =>
          Queue.prepareData('tasks.tally', [own], { jobId: id, dependsOn: dependencies, resultTtl: 3600 }),
        )
        await site.queue(queue).enqueueMany(datas)
      } else {
        await site.py(
          `
q = queue(name)
for job in jobs:
    q.enqueue('tasks.tally', job['own'], job_id=job['id'], depends_on=job['dependencies'] or None, result_ttl=3600)`,
          { name: queue, jobs },
        )
      }
    }
    const ids = groups.flatMap((group) => LEVELS.map((_, level) => idOf(group, level)))
    const expected = groups.flatMap((group) => LEVELS.map((_, level) => expectedValue(group, level)))
    const where = { connection: site.redis.url, serializer: 'json' } as const
    const handles = (await Job.fetchMany<number>(ids, where)).map((job) => job as Job<number>)
    const values = await Promise.all(handles.map((job) => job.result({ timeout: patience(300) })))
    expect(values).toEqual(expected)

    const read = `[[job.get_status(refresh=False), job.return_value()] for job in Job.fetch_many(ids, connection=conn, serializer=JSONSerializer)]`
    expect(await site.py(read, { ids })).toEqual(expected.map((value) => ['finished', value]))
    const runs = (await site.client.lrange('test:runs', 0, -1)).map((run) => run.split(' '))
    expect(runs.map(([id]) => id).sort()).toEqual([...ids].sort())
    const language = new Map(runs as [string, string][])
    const languagesOf = (queue: Level['queue']) =>
      new Set(ids.filter((_, index) => LEVELS[index % LEVELS.length]?.queue === queue).map((id) => language.get(id)))
    expect(languagesOf('only-python')).toEqual(new Set(['python']))
    expect(languagesOf('only-typescript')).toEqual(new Set(['typescript']))
    expect(languagesOf('both')).toEqual(new Set(['python', 'typescript']))

    const counts = await site.py<number[]>(`[w.successful_job_count for w in Worker.all(connection=conn)]`)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ids.length)
    for (const worker of theirs) worker.kill()
    await Promise.all(workers.map((worker) => worker.stop()))
    await Promise.all([...work, ...theirs.map((worker) => worker.exited)])
    expect(await site.unreadable()).toEqual([])
    const left = await site.client.keys('rq:*')
    // Python's workers may leave a lease behind: RQ forgets it when it has to repeat a transaction.
    expect(left.filter((key) => /^rq:(queue:|deferred:|wip:only-typescript)/.test(key))).toEqual([])
  })
})
