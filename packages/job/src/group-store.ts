/** The group's side of a store. `enqueue` adds a job to a group when its record has a `groupId`. */
export interface GroupStore {
  /**
   * Ids of the group's jobs; empty when there is no such group. Members whose job no longer exists, or is another
   * one of its id and not of the group, are removed first, a page a step, and with its last member the group.
   */
  jobIds(name: string): Promise<string[]>
  /** Names of all groups that have jobs. Groups found empty are removed. */
  names(): Promise<string[]>
}
