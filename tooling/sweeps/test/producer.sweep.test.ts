import type { RqError } from '@rq/core'
import { type Fault, RUNS_ALL } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { OPERATIONS, type Operation } from '../src/producer-operations.ts'
import { does } from '../src/run-operation.ts'

const FAULTS: readonly Fault[] = [
  { kind: 'cut' },
  { kind: 'reset' },
  { kind: 'error', message: 'LOADING Redis is loading the dataset in memory' },
]

/** All operations with all faults; in the sample, all operations with the faults in turn. */
function operationsFor(fault: Fault): readonly Operation[] {
  return RUNS_ALL ? OPERATIONS : OPERATIONS.filter((_, index) => index % FAULTS.length === FAULTS.indexOf(fault))
}

describe.each(FAULTS)('a producer whose command meets: $kind', (fault) => {
  test.each(operationsFor(fault))('$name', async (operation) => {
    const undisturbed = await does(operation)
    expect(undisturbed.error).toBeUndefined()
    for (let n = 1; n <= undisturbed.commands.length; n++) {
      const { error, state, violations } = await does(operation, { n, fault })
      if (error !== undefined && fault.kind !== 'error') {
        expect(operation.mayFailWith).toContain((error as RqError).code)
      }
      expect({ n, state, violations }).toEqual({ n, state: undisturbed.state, violations: [] })
    }
  })
})
