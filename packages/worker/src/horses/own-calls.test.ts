import type { JobRecord } from '@rq/job'
import { describe, expect, test } from 'vitest'
import { checkOwnCall } from './own-calls.ts'

const record: JobRecord = {
  id: 'me',
  origin: 'mine',
  status: 'started',
  data: '[]',
  createdAtMs: 0,
  results: 'hash',
  dependencyIds: ['before'],
}
const call = (name: string, ...args: unknown[]) => {
  const [port = '', method = ''] = name.split('.')
  return () => checkOwnCall(record, { type: 'call', call: 1, port, method, args })
}

describe('checkOwnCall', () => {
  test.each([
    ['jobs.update', 'me', { meta: '{}' }, 'x'],
    ['jobs.addMessages', 'me', { from: 'job', payloads: ['1'] }],
    ['jobs.readMessages', 'me', { from: 'outside' }],
    ['jobs.fetch', ['me', 'before']],
    ['jobs.fetch', []],
    ['jobs.status', 'me'],
    ['jobs.meta', 'before'],
    ['jobs.results', 'before'],
    ['jobs.awaitResult', 'before', 10],
    ['jobs.executions', 'me'],
    ['queues.position', 'mine', 'me'],
  ])('allows %s of %o', (name, ...args) => {
    expect(call(name, ...args)).not.toThrow()
  })

  test.each([
    ['jobs.update', 'before', {}],
    ['jobs.update', ['me'], {}],
    ['jobs.addMessages', 'before', { from: 'outside', payloads: ['1'] }],
    ['jobs.readMessages', 'other', { from: 'job' }],
    ['jobs.fetch', ['me', 'other']],
    ['jobs.meta', 'other'],
    ['jobs.save', { id: 'me' }],
    ['jobs.cancel', { jobId: 'me' }],
    ['jobs.delete', { jobId: 'other' }],
    ['jobs.requeue', 'me', false],
    ['jobs.executions', 'before'],
    ['queues.queueNames'],
    ['queues.jobIds', 'mine', 0, -1],
    ['queues.position', 'mine', 'other'],
    ['queues.position', 'other', 'me'],
    ['admin.sendCommand', 'w', { command: 'shutdown' }],
    ['admin.isSuspended'],
    ['jobs.constructor', 'me'],
  ])('refuses %s of %o', (name, ...args) => {
    expect(call(name, ...args)).toThrow(
      expect.objectContaining({ code: 'RQ_INVALID_OPERATION', message: expect.stringContaining(`${name} is refused`) }),
    )
  })

  test('refuses everything between two jobs', () => {
    const read = { type: 'call', call: 1, port: 'jobs', method: 'status', args: ['me'] } as const
    expect(() => checkOwnCall(undefined, read)).toThrow('jobs.status is refused')
  })
})
