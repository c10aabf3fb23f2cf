import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('the newest ended jobs'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test('what a Python worker ends is counted from the next maintenance on, and Python sees what is left', async () => {
    const queue = site.queue('kept')
    await queue.configure({ keepFinished: 2 })
    for (const id of ['kept-z', 'kept-b', 'kept-a', 'kept-y']) {
      await queue.enqueue('tasks.echo', [1], { jobId: id })
      expect((await site.pythonWorker('kept', { burst: true }).exited).code).toBe(0)
    }
    const finished = () => site.py<string[]>(`sorted(registry('finished', 'kept').get_job_ids())`)
    expect(await finished()).toEqual(['kept-a', 'kept-b', 'kept-y', 'kept-z'])
    await queue.configure({ keepFinished: 3 })
    expect(await finished()).toEqual(['kept-a', 'kept-b', 'kept-y'])
    // The maintenance of a worker that starts.
    await queue.configure({ keepFinished: null })
    await queue.enqueue('tasks.echo', [1], { jobId: 'kept-last' })
    expect((await site.pythonWorker('kept', { burst: true }).exited).code).toBe(0)
    await queue.configure({ keepFinished: 2 })
    expect(await finished()).toEqual(['kept-last', 'kept-y'])
  })
})
