/** How many ended jobs a queue keeps, by number. It is stored, for all producers and workers. */
export interface QueueConfiguration {
  /** The newest finished jobs to keep, 0 = none; null = no limit: each is kept for its `resultTtl`. */
  readonly keepFinished: number | null
  /** The newest failed and stopped jobs to keep, 0 = none; null = no limit: each is kept for its `failureTtl`. */
  readonly keepFailed: number | null
}

/** A queue that was never configured. */
export const NO_CONFIGURATION: QueueConfiguration = Object.freeze({ keepFinished: null, keepFailed: null })
