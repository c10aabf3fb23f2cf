import { randomHex } from '@rq/core'

/**
 * Execution ids are 12 random hex characters of the claim and 8 of the job's place in it. They only need to differ
 * among the executions of one job. Short ones let Redis keep a small set of leases in its compact form, with members of
 * up to 64 bytes.
 */
const EXECUTION_BASE_LENGTH = 12
/** The first digit of an execution id says whether the job was prefetched; recover.lua reads it. */
const PREFETCHED = 'f'
const NOT_PREFETCHED = '0'

/** What the execution ids of one call begin with. */
export function executionBase(isPrefetch = false): string {
  return (isPrefetch ? PREFETCHED : NOT_PREFETCHED) + randomHex().slice(0, EXECUTION_BASE_LENGTH - 1)
}
