import { getCurrentJob } from 'rq'
import { openCursor } from '../database.js'

/** How many rows go into one message. */
const ROWS_AT_ONCE = 100

/** What the job sends while it runs. */
export type Progress = { rows: readonly string[] } | { canceled: string }

/** Sends the rows of a query as they come. Returns how many there were. */
export async function runQuery(rows: number): Promise<number> {
  const job = getCurrentJob()
  if (job === undefined) throw new Error('runQuery runs as a job.')
  const cursor = openCursor(rows)
  job.signal.addEventListener('abort', () => {
    cursor.cancel()
    const canceled: Progress = { canceled: job.signal.reason.message }
    void job.send(canceled)
  })
  for (let sent = 0; ; ) {
    const next = await cursor.read(ROWS_AT_ONCE)
    if (next.length === 0) return sent
    const progress: Progress = { rows: next }
    await job.send(progress)
    sent += next.length
  }
}
