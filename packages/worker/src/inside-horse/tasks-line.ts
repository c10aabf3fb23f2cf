import type { JobRecord } from '@rq/job'
import type { Task, ToHorse } from './protocol.ts'

type Tasks = Extract<ToHorse, { type: 'tasks' }>

/** The first character of a line of tasks. */
export const TASKS = '='
const BETWEEN = '\t'
const FIELDS_PER_TASK = 9

/** What such a line can hold of a job. */
const COLUMNS: { readonly [K in keyof JobRecord]?: true } = {
  id: true,
  origin: true,
  status: true,
  data: true,
  createdAtMs: true,
  results: true,
  description: true,
  enqueuedAtMs: true,
  timeoutS: true,
  resultTtlS: true,
}

/**
 * The compact form of jobs that have nothing but what most jobs have. JSON takes three times as long on both sides,
 * some 2 us for each job. Without the line feed. Undefined when a task holds more than such a line can.
 */
export function writeTasks({ tasks }: Tasks): string | undefined {
  let line = TASKS
  for (const { id, kind, record } of tasks) {
    if (kind !== 'job' || !isPlain(record)) return undefined
    const { createdAtMs, data, description = '', enqueuedAtMs = '', id: jobId, origin } = record
    const { resultTtlS = '', timeoutS = '' } = record
    if (isBreaking(jobId) || isBreaking(origin) || isBreaking(description) || isBreaking(data as string))
      return undefined
    line += id + BETWEEN + jobId + BETWEEN + origin + BETWEEN + createdAtMs + BETWEEN + enqueuedAtMs + BETWEEN
    line += timeoutS + BETWEEN + resultTtlS + BETWEEN + description + BETWEEN + data + BETWEEN
  }
  return line
}

/** Read such a line. It is believed: only the worker writes to its horse. */
export function readTasks(line: string): Tasks {
  const fields = line.slice(TASKS.length).split(BETWEEN)
  const tasks: Task[] = []
  for (let at = 0; at + FIELDS_PER_TASK < fields.length; at += FIELDS_PER_TASK) {
    const [id = '', jobId = '', origin = '', createdAt] = fields.slice(at, at + 4)
    const [enqueuedAt = '', timeout = '', resultTtl = '', description = '', data = ''] = fields.slice(at + 4, at + 9)
    const record: JobRecord = {
      id: jobId,
      origin,
      status: 'started',
      data,
      createdAtMs: Number(createdAt),
      results: 'hash',
    }
    if (description !== '') record.description = description
    if (enqueuedAt !== '') record.enqueuedAtMs = Number(enqueuedAt)
    if (timeout !== '') record.timeoutS = Number(timeout)
    if (resultTtl !== '') record.resultTtlS = Number(resultTtl)
    tasks.push({ kind: 'job', id, record })
  }
  return { type: 'tasks', tasks }
}

function isPlain(record: JobRecord): boolean {
  for (const name in record) if (COLUMNS[name as keyof JobRecord] === undefined) return false
  const { data, description, results, status } = record
  return typeof data === 'string' && status === 'started' && results === 'hash' && description !== ''
}

function isBreaking(text: string): boolean {
  return text.includes('\n') || text.includes(BETWEEN)
}
