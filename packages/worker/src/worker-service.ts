/** A service that runs for as long as the worker works, such as a scheduler. */
export interface WorkerService {
  start(): Promise<void> | void
  stop(): Promise<void> | void
  /**
   * Do what is due now. Awaited before a burst, so that the burst finds it done; retried while the store is
   * unreachable.
   */
  runOnce?(): Promise<unknown>
}
