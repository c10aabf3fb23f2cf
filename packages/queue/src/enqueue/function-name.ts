import type { JobRecord } from '@rq/job'
import type { Serializer } from '@rq/serializer'
import { readCall } from '../payload/payload.ts'

/** A larger call is not read for the name of its function, since the worker's own process would read it. */
const LARGEST_CALL_READ = 1024 ** 2

/** The reference of a job's function. Null if its call cannot be read, or is too large to read it for this. */
export function functionName({ data }: JobRecord, serializer: Serializer): string | null {
  if (data.length > LARGEST_CALL_READ) return null
  try {
    return readCall(serializer, data, LARGEST_CALL_READ).func
  } catch {
    return null
  }
}
