import { expect, test } from 'vitest'
import { type LoopState, nextStep, type Step } from './next-step.ts'

const QUIET: LoopState = {
  closing: false,
  returns: 0,
  settlements: 0,
  calls: 0,
  gathered: false,
  hasBacklog: false,
  claimable: 0,
  queuesEmpty: false,
  showsGoneJobs: false,
}

test.each<[Step, string, Partial<LoopState>]>([
  ['idle', 'with nothing to do', {}],
  ['idle', 'while all horses are full', { claimable: 0 }],
  ['idle', 'while the queues are empty', { claimable: 5, queuesEmpty: true }],
  ['claim', 'with room for jobs', { claimable: 5 }],
  ['claim', 'when its record shows jobs that are gone', { claimable: 5, queuesEmpty: true, showsGoneJobs: true }],
  ['idle', 'when it cannot claim, whatever its record shows', { claimable: 0, showsGoneJobs: true }],
  ['settle', 'with one settlement', { settlements: 1 }],
  ['settle', 'rather than claim alone', { settlements: 1, claimable: 5 }],
  ['settle', 'also while the queues are empty', { settlements: 1, queuesEmpty: true }],
  ['wait', 'for the call under way, with nothing to send', { calls: 1 }],
  ['wait', 'for the call under way rather than claim beside it', { calls: 1, claimable: 5 }],
  ['wait', 'with few settlements while a call is under way', { calls: 1, settlements: 63 }],
  ['settle', 'in a second call that carries enough', { calls: 1, settlements: 64 }],
  ['settle', 'in a third call that carries enough', { calls: 2, settlements: 64 }],
  ['wait', 'with three calls under way, however many settlements', { calls: 3, settlements: 500 }],
  ['gather', 'while the horses have enough to do', { hasBacklog: true, settlements: 1 }],
  ['gather', 'before a further call, too', { hasBacklog: true, settlements: 64, calls: 2 }],
  ['settle', 'when the time to gather is over', { hasBacklog: true, settlements: 1, gathered: true }],
  ['settle', 'when a call is full', { hasBacklog: true, settlements: 200 }],
  ['claim', 'when the time to gather is over and nothing ended', { hasBacklog: true, gathered: true, claimable: 1 }],
  ['return', 'before all else', { returns: 1, settlements: 500, calls: 3, hasBacklog: true }],
  ['end', 'when closing, whatever is left', { closing: true, returns: 1, settlements: 1 }],
])('%s: %s', (step, _, state) => {
  expect(nextStep({ ...QUIET, ...state })).toBe(step)
})
