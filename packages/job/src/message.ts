import type { Payload } from './record.ts'

/** How many messages of one job are kept for each direction: a reader that is further behind has lost some. */
export const MOST_MESSAGES = 1000
/** How many bytes they have together, and one alone at most. */
export const MOST_MESSAGE_BYTES = 1024 ** 2
/** How long messages are kept after the last one of their direction. */
export const MESSAGES_KEPT_S = 24 * 60 * 60

/** Who wrote a message: the job that runs, or another program that posted it to the job. */
export type MessageSource = 'job' | 'outside'

/** A message as it is stored. */
export interface MessageRecord {
  /** Counts the messages of a job and source, from 1. */
  readonly number: number
  /** The attempt that sent it; 0 when it was posted. */
  readonly attempt: number
  /** When it was stored, in epoch milliseconds by the clock of the store. */
  readonly storedAtMs: number
  readonly payload: Payload
}

/** Messages to be added: sent by a run of the job, or posted to it. */
export type NewMessages = { readonly payloads: readonly Payload[] } & (
  | { readonly from: 'job'; readonly executionId: string; readonly attempt: number }
  | { readonly from: 'outside' }
)

/** What is to be read. */
export interface MessagesRequest {
  readonly from: MessageSource
  /** The number of the last message that was read. Undefined: begin with the oldest that is kept. */
  readonly after?: number | undefined
  /** How long to wait for a message when there is none. */
  readonly timeoutMs: number
}

/** What was read. */
export interface MessagesPage {
  /** `over`: the job has ended and no more messages come. `missing`: there is no such job. */
  readonly state: 'open' | 'over' | 'missing'
  readonly messages: readonly MessageRecord[]
  /** The number of the last message that the job has, to go on behind it. */
  readonly last: number
  /** How many messages behind `after` are gone. */
  readonly lost: number
}
