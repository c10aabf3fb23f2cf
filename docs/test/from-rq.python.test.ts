import { fileURLToPath } from 'node:url'
import { python, type Site, withPython, withSite } from '@rq/interop'
import * as rq from 'rq'
import { beforeEach, describe, expect, it } from 'vitest'
import { f, g } from './migration/jobs.js'
import { functionOf } from './migration/row-code.ts'
import { rowsOf } from './table-code.ts'

const PAGE = fileURLToPath(new URL('../guide/from-rq.md', import.meta.url))
/** Rows of "Enqueue" whose two sides do not both store a job at once. */
const NOTHING_STORED = [
  "@job('low', timeout=5)",
  'Queue(is_async=False)',
  'enqueue_after_commit, transaction.on_commit',
]

/** `facts_of` has what RQ reads of a job, apart from names of functions, random ids, and times. */
const AGENT = `
import tasks

def begin():
    low = queue('low')
    low.empty()
    return low, [low.enqueue(tasks.add, 1, 1, job_id=id) for id in ('a', 'b')]

def make(code):
    low, (a, b) = begin()
    names = {'f': tasks.add, 'g': tasks.greet, 'q': low, 'a': a, 'b': b}
    made = eval(code, {**vars(rq), **vars(rq.job), **names,
                       'datetime': datetime.datetime, 'timedelta': datetime.timedelta})
    return (made[0] if isinstance(made, list) else made).id

def facts_of(id):
    job = fetch(id)
    return {
        'args': job.args, 'kwargs': job.kwargs, 'status': job.get_status(), 'meta': job.meta,
        'is_one': job.id == 'one', 'is_described': job.description == 'x', 'is_first': job.get_position() == 0,
        'timeout': job.timeout, 'ttl': job.ttl, 'result_ttl': job.result_ttl, 'failure_ttl': job.failure_ttl,
        'retries': [job.retries_left, job.retry_intervals],
        'repeats': [getattr(job, 'repeats_left', None), getattr(job, 'repeat_intervals', None)],
        'dependencies': job._dependency_ids, 'allows_failure': bool(getattr(job, 'allow_dependency_failures', False)),
        'callbacks': [bool(job._success_callback_name), bool(job._failure_callback_name)],
        'callback_timeouts': [getattr(job, f'{end}_callback_timeout', None) for end in ('success', 'failure')],
    }
`

/** Makes a job by a piece of code, and returns its facts. */
type Make = (code: string) => Promise<Readonly<Record<string, unknown>>>

/** The facts in which the jobs of these pieces of code differ from a plain one. */
async function changedBy(pieces: readonly string[], make: Make, plain: string): Promise<Record<string, unknown>> {
  const usual = await make(plain)
  const changed: Record<string, unknown> = {}
  for (const piece of pieces) {
    for (const [fact, value] of Object.entries(await make(piece))) {
      if (JSON.stringify(value) !== JSON.stringify(usual[fact])) changed[fact] = value
    }
  }
  return changed
}

describe.skipIf(python === undefined)(withPython('"Enqueue" in from-rq.md'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })
  beforeEach(() => site.py(AGENT))

  const byPython: Make = async (code) => {
    const call = /^\w+=/.test(code) ? `q.enqueue(f, 1, 2, ${code})` : code
    return site.py('facts_of(make(code))', { code: call })
  }
  const byUs: Make = async (code) => {
    await site.py('begin(); None')
    const queue = site.queue('low')
    const [a, b] = [await queue.fetchJob('a'), await queue.fetchJob('b')]
    const scope = { ...rq, queue, f, g, a, b }
    const made = (await functionOf(code, Object.keys(scope))(...Object.values(scope))) as rq.Job | readonly rq.Job[]
    const [job] = [made].flat()
    return site.py('facts_of(id)', { id: job?.id })
  }
  const rows = rowsOf(PAGE).filter(
    ({ before, heading, name }) => heading === 'Enqueue' && before.length > 0 && !NOTHING_STORED.includes(name),
  )

  it.for(rows)('$name stores the same from Python', async (row, context) => {
    const isMissing = async (name: string) => !(await site.py<boolean>('hasattr(rq, name)', { name }))
    const classes = row.before.flatMap((code) => code.match(/(?<![\w.])[A-Z]\w+(?=\()/g) ?? [])
    for (const name of classes) {
      if (name !== 'Dependency' && (await isMissing(name))) context.skip(`this RQ has no ${name}`)
    }
    const ours = await changedBy(row.code, byUs, 'await queue.enqueue(f)')
    expect(ours).toEqual(await changedBy(row.before, byPython, 'q.enqueue(f)'))
    expect(ours).not.toEqual({})
  })
})
