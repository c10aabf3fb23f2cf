import { spawn } from 'node:child_process'
import { type LogFields, RqError } from '@rq/core'
import { eventually } from '@rq/testkit'
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

describe('WorkerPool', () => {
  it('logs what its workers warn of their settings once, and all else of each', async () => {
    const entry = (message: string, concerns: object) => ({ type: 'log', level: 'warn', message, fields: concerns })
    const settings = { concerns: 'settings' }
    const said = [entry('evicts', settings), entry('open', settings), entry('slow', {}), entry('slow', {})]
    const program = `for (const one of ${JSON.stringify(said)}) process.send(one)
      process.send(${JSON.stringify(entry('last', {}))}, () => process.disconnect())`
    const entries: string[] = []
    const note = (level: string) => (message: string, fields?: LogFields) =>
      entries.push(`${level} ${message} ${fields?.worker ?? ''}`)
    const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
    const start = () => spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const pool = new WorkerPool({ name: 'p', numWorkers: 3, start, logger })
    await pool.start({ burst: true })
    // The last messages of a process may come after its end.
    await eventually(() => expect(entries.filter((one) => one.startsWith('warn last'))).toHaveLength(3))
    const withoutWorker = entries.filter((one) => one.startsWith('warn')).map((one) => one.replace(/ p-\d$/, ''))
    expect(withoutWorker.sort()).toEqual([
      'warn evicts',
      ...Array(3).fill('warn last'),
      'warn open',
      ...Array(6).fill('warn slow'),
    ])
  })
})

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
