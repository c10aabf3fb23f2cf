import { describe, expect, it, vi } from 'vitest'
import { JobBudget } from './job-budget.ts'

describe('JobBudget', () => {
  it('promises no job to two calls', () => {
    const budget = new JobBudget(5)
    budget.ask(3)
    expect(budget.free).toBe(2)
    budget.askEnded(3)
    budget.claimed(1)
    expect([budget.free, budget.isSpent]).toEqual([4, false])
    budget.claimed(4)
    expect([budget.free, budget.isSpent]).toEqual([0, true])
  })

  it('says when jobs are free again: those that a call did not bring, and those that go back', () => {
    const onFreed = vi.fn()
    const budget = new JobBudget(1, onFreed)
    budget.ask(1)
    budget.askEnded(1)
    expect(onFreed).toHaveBeenCalledTimes(1)
    budget.claimed(1)
    budget.givenBack()
    expect(onFreed).toHaveBeenCalledTimes(2)
    expect(budget.isSpent).toBe(false)
  })

  it('without a limit never ends, and says nothing', () => {
    const onFreed = vi.fn()
    const budget = new JobBudget(undefined, onFreed)
    budget.ask(1000)
    budget.askEnded(1000)
    budget.claimed(1000)
    budget.givenBack()
    expect([budget.free, budget.isSpent, onFreed.mock.calls.length]).toEqual([Number.POSITIVE_INFINITY, false, 0])
  })
})
