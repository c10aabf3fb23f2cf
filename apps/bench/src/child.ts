/** Runs one step of a measurement in its own process: receives it as a message, and sends a reply. */
import { enqueue, fill } from './measures/enqueue.ts'
import { latency, lateness } from './measures/latency.ts'
import { processJobs } from './measures/process.ts'
import type { StepOrder, StepReply } from './step.ts'
import { loadSubject } from './subjects.ts'

process.once('message', (order: StepOrder) => void answer(order))

async function answer(order: StepOrder): Promise<void> {
  const reply = await run(order).catch((error: unknown) => ({ error: String((error as Error)?.stack ?? error) }))
  process.send?.(reply, () => process.exit())
}

async function run({ subject: name, url, step }: StepOrder): Promise<StepReply> {
  const subject = await loadSubject(name)
  switch (step.do) {
    case 'fill':
      await fill(subject, url, step)
      return { figures: {} }
    case 'enqueue':
      return { figures: await enqueue(subject, url, step) }
    case 'process':
      return processJobs(subject, url, step)
    case 'latency':
      return { figures: await latency(subject, url, step) }
    case 'schedule':
      return { figures: await lateness(subject, url, step) }
  }
}
