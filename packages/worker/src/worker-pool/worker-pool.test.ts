import { spawn } from 'node:child_process'
import { RqError } from '@rq/core'
import { describe, expect, it } from 'vitest'
import { WorkerPool } from './worker-pool.ts'

/** A pool whose workers end at once, and a service; both note what happens to them. */
function poolAndService(faults: { runOnce?: Error; start?: Error } = {}) {
  const notes: string[] = []
  const note = (what: string, fault: Error | undefined) => async () => {
    notes.push(what)
    if (fault !== undefined) throw fault
  }
  const start = () => {
    notes.push('worker')
    return spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  }
  const service = {
    runOnce: note('runOnce', faults.runOnce),
    start: note('start', faults.start),
    stop: note('stop', undefined),
  }
  return { pool: new WorkerPool({ start }), service, notes }
}

describe('WorkerPool with a service', () => {
  it('lets the service look once before a burst, and stops it after the workers', async () => {
    const { notes, pool, service } = poolAndService()
    await pool.start({ burst: true, withScheduler: service })
    expect(notes).toEqual(['runOnce', 'start', 'worker', 'stop'])
  })

  it('works the burst all the same when that look fails', async () => {
    const { notes, pool, service } = poolAndService({ runOnce: new Error('away') })
    await pool.start({ burst: true, withScheduler: service })
    expect(notes).toEqual(['runOnce', 'start', 'worker', 'stop'])
  })

  it('starts no worker when the service cannot be started', async () => {
    const { notes, pool, service } = poolAndService({ start: new RqError('RQ_CLOSED', 'closed') })
    await expect(pool.start({ withScheduler: service })).rejects.toMatchObject({ code: 'RQ_CLOSED' })
    expect(notes).toEqual(['start'])
  })

  it('starts no worker when it is stopped while the service starts', async () => {
    const { notes, pool, service } = poolAndService()
    const running = pool.start({ withScheduler: service })
    await pool.stop()
    await running
    expect(notes).toEqual(['start', 'stop'])
  })
})
