import type { EnqueueHow, JobPayload, ServerKind, WorkerKind } from './subject.ts'

/** The work of one child process, with one library on one server. */
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
      /** The longest time that the clock runs. Absent: until `to`, or the measurement has failed. */
      readonly longestMs?: number
    }
  | { readonly do: 'latency'; readonly samples: number }
  | { readonly do: 'schedule'; readonly jobs: number; readonly spreadMs: number }
  | { readonly do: 'due'; readonly jobs: number }
  | { readonly do: 'floor'; readonly floor: string }

export interface ServerAddress {
  readonly kind: ServerKind
  /** For the library; may lead through a slow network. */
  readonly url: string
  /** For the bench's own look. */
  readonly direct: string
  readonly pid: number
}

export interface StepOrder {
  readonly subject: string
  readonly server: ServerAddress
  readonly step: Step
}

/** Figures by name. Absent if the library cannot do it. */
export type Figures = Readonly<Record<string, number>>

/** What a step has measured. */
export interface Measured {
  /** Absent if the library cannot do it. */
  readonly figures: Figures | undefined
  /** The share of the machine's CPU that other processes used meanwhile, from 0 to 1. */
  readonly others?: number | undefined
  readonly commands?: CommandUse
}

export type StepReply = Measured | { readonly error: string }

/** Per job: how often Redis ran each command, and for how many microseconds. */
export type CommandUse = Readonly<Record<string, { readonly calls: number; readonly us: number }>>
