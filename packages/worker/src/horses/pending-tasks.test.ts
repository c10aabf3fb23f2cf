import { describe, expect, test } from 'vitest'
import type { Task } from '../inside-horse/protocol.ts'
import { PendingTasks } from './pending-tasks.ts'
import { TaskRun } from './task-run.ts'

const job = (id: string) => new TaskRun({ kind: 'job', id, record: {} } as Task, () => {})
const callback = (id: string) => new TaskRun({ kind: 'stopped_callback', id, record: {} } as Task, () => {})
const idsOf = (runs: readonly TaskRun[]) => runs.map(({ id }) => id)

function pendingOf(runs: readonly TaskRun[], nowMs = 0): PendingTasks {
  const pending = new PendingTasks()
  for (const run of runs) pending.add(run, nowMs)
  return pending
}

function takeAll(pending: PendingTasks): string[] {
  const ids: string[] = []
  pending.take(({ id }) => ids.push(id) > 0)
  return ids
}

describe('PendingTasks', () => {
  test('keeps order, and puts back to the head', () => {
    const pending = pendingOf([job('1'), job('2')])
    pending.putBack([job('a'), job('b')], 0)
    expect(takeAll(pending)).toEqual(['a', 'b', '1', '2'])
  })

  test('take stops at the first task that is not accepted', () => {
    const pending = pendingOf([job('1'), job('2'), job('3')])
    pending.take(({ id }) => id === '1')
    expect(takeAll(pending)).toEqual(['2', '3'])
  })

  test('keeps tasks for unused horses apart, and gives out their jobs only with all the others', () => {
    const pending = pendingOf([job('1')])
    pending.addAgain(job('2'))
    pending.addAgain(callback('cb'))
    pending.addAgain(job('3'))
    expect([pending.size, pending.isEmpty, pending.find('3')?.id]).toEqual([1, false, '3'])
    expect(idsOf(pending.takeJobsIfSince(0))).toEqual(['1'])
    expect(pending.takeAgain()?.id).toBe('2')
    expect(idsOf(pending.takeJobs())).toEqual(['3'])
    expect([pending.needsUnused, pending.isEmpty]).toEqual([true, false])
    pending.find('cb')?.cancel('lease_lost')
    expect(idsOf(pending.takeCanceled())).toEqual(['cb'])
    expect([pending.needsUnused, pending.isEmpty]).toEqual([false, true])
  })

  test('gives out all jobs together as soon as one is old, but never callbacks', () => {
    const pending = pendingOf([callback('cb')])
    pending.add(job('old'), 10)
    pending.add(job('new'), 20)
    expect(pending.takeJobsIfSince(9)).toEqual([])
    expect(idsOf(pending.takeJobsIfSince(10))).toEqual(['old', 'new'])
    expect(takeAll(pending)).toEqual(['cb'])
  })

  test('gives out canceled tasks, also those that were canceled while a horse had them', () => {
    const [first, second, third] = [job('1'), job('2'), job('3')]
    const pending = pendingOf([first, second])
    first.cancel('lease_lost')
    third.cancel('stopped')
    third.cancel('lease_lost')
    pending.putBack([third], 0)
    expect(pending.takeCanceled().map(({ id, canceled }) => [id, canceled])).toEqual([
      ['3', 'stopped'],
      ['1', 'lease_lost'],
    ])
    expect(pending.takeCanceled()).toEqual([])
    expect(takeAll(pending)).toEqual(['2'])
  })
})
