/** Runs one step of a measurement in its own process: receives it as a message, and sends a reply. */
import { runFloor } from './floors/run-floor.ts'
import { due } from './measures/due.ts'
import { enqueue, fill } from './measures/enqueue.ts'
import { latency, lateness } from './measures/latency.ts'
import { processJobs } from './measures/process.ts'
import type { Measured, StepOrder, StepReply } from './step.ts'
import { loadSubject } from './subjects.ts'

process.once('message', (order: StepOrder) => void answer(order))

async function answer(order: StepOrder): Promise<void> {
  const reply: StepReply = await run(order).catch((error: unknown) => ({
    error: String((error as Error)?.stack ?? error),
  }))
  process.send?.(reply, () => process.exit())
}

async function run({ subject: name, server, step }: StepOrder): Promise<Measured> {
  if (step.do === 'floor') return runFloor(step.floor, server)
  const subject = await loadSubject(name)
  switch (step.do) {
    case 'fill':
      await fill(subject, server.url, step)
      return { figures: {} }
    case 'enqueue':
      return enqueue(subject, server, step)
    case 'process':
      return processJobs(subject, server, step)
    case 'latency':
      return latency(subject, server, step)
    case 'due':
      return due(subject, server, step)
    case 'schedule':
      return lateness(subject, server, step)
  }
}
