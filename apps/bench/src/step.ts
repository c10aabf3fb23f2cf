import type { EnqueueHow, JobPayload, WorkerKind } from './subject.ts'

/** The work of one child process, with one library on one Redis. */
export type Step =
  | { readonly do: 'fill'; readonly jobs: number; readonly payload: JobPayload }
  | { readonly do: 'enqueue'; readonly how: EnqueueHow; readonly jobs: number }
  | {
      readonly do: 'process'
      readonly kind: WorkerKind
      readonly concurrency: number
      /** The numbers of finished jobs between which the clock runs. */
      readonly from: number
      readonly to: number
      /** The longest time that the clock runs. */
      readonly longestMs: number
    }
  | { readonly do: 'latency'; readonly samples: number }
  | { readonly do: 'schedule'; readonly jobs: number; readonly spreadMs: number }

export interface StepOrder {
  readonly subject: string
  readonly url: string
  readonly step: Step
}

/** Figures by name. Absent if the library cannot do it. */
export type Figures = Readonly<Record<string, number>>

export type StepReply =
  | { readonly figures: Figures | undefined; readonly commands?: CommandUse }
  | { readonly error: string }

/** Per job: how often Redis ran each command, and for how many microseconds. */
export type CommandUse = Readonly<Record<string, { readonly calls: number; readonly us: number }>>
