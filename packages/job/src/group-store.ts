/** The group's side of a store. Members come in by `enqueue`, when a record has a `groupId`. */
export interface GroupStore {
  /**
   * Ids of the group's jobs. Members whose job is gone are dropped first, and the group with its last member.
   * One atomic step; empty when there is no such group.
   */
  jobIds(name: string): Promise<string[]>
  /** Names of all groups that have jobs; groups found empty are dropped. */
  names(): Promise<string[]>
}
