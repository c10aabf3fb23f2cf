import { expect, test } from 'vitest'
import { isKnownToNone } from './names-in-use.ts'

const ann = { name: 'ann', jobNames: ['sendMail'] }
const bob = { name: 'bob', jobNames: ['later'] }

test('a name is known to none when each worker shows all its names, without that one', () => {
  expect(isKnownToNone('report', { workerCount: 2, workers: [ann, bob] })).toBe(true)
  expect(isKnownToNone('later', { workerCount: 2, workers: [ann, bob] })).toBe(false)
})

test('a worker may know what it does not show', () => {
  const python = { name: 'python' }
  expect(isKnownToNone('report', { workerCount: 2, workers: [ann, python] })).toBe(false)
  expect(isKnownToNone('report', { workerCount: 1, workers: [{ ...ann, moreJobNames: 1 }] })).toBe(false)
  expect(isKnownToNone('report', { workerCount: 300, workers: [ann, bob] })).toBe(false)
  expect(isKnownToNone('report', { workerCount: 0, workers: [] })).toBe(false)
})

test('a reference that leads to a module is no name', () => {
  for (const reference of ['./jobs#report', 'jobs.report', './jobs', '', 'a b']) {
    expect(isKnownToNone(reference, { workerCount: 1, workers: [ann] }), reference).toBe(false)
  }
})
