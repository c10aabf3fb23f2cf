import type { Subject } from './subject.ts'
import { beeQueue } from './subjects/bee-queue.ts'
import { bullmq } from './subjects/bullmq.ts'
import { groupmq } from './subjects/groupmq.ts'
import { pythonRq } from './subjects/python-rq.ts'
import { rq } from './subjects/rq.ts'

/** Ours first. */
export const SUBJECTS: readonly Subject[] = [rq, bullmq, beeQueue, groupmq, pythonRq]

/** @throws Error for a name that is none. */
export function subjectOf(name: string): Subject {
  const subject = SUBJECTS.find((one) => one.name === name)
  if (subject === undefined)
    throw new Error(`No such library: ${name}. There are ${SUBJECTS.map((one) => one.name).join(', ')}.`)
  return subject
}
