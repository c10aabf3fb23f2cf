import { setTimeout as pause } from 'node:timers/promises'

/** Stands for a cursor of a database, whose server goes on until the query is canceled. */
export interface Cursor {
  /** The next rows, at most so many; none at the end. */
  read(most: number): Promise<string[]>
  cancel(): void
}

/** How long the database takes for a read. */
const READ_MS = 20

export function openCursor(rows: number): Cursor {
  let at = 0
  let isCanceled = false
  return {
    async read(most) {
      await pause(READ_MS)
      const count = isCanceled ? 0 : Math.min(most, rows - at)
      at += count
      return Array.from({ length: count }, (_, n) => `row ${at - count + n + 1}`)
    },
    cancel() {
      isCanceled = true
    },
  }
}
