import { afterEach, beforeEach } from 'vitest'
import { setStorageFactory } from '../src/context.ts'

/**
 * Remove the storage factory for each test of a file, which `rq` has set if another file of the same thread loaded it.
 */
export function withoutStorageFactory(): void {
  let before: ReturnType<typeof setStorageFactory>
  beforeEach(() => {
    before = setStorageFactory(undefined)
  })
  afterEach(() => {
    setStorageFactory(before)
  })
}
