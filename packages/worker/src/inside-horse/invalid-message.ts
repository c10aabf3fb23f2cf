/** A horse sent what is no message. The error says what is wrong with it. */
export class InvalidMessage extends Error {
  /** Whether all that is wrong is its length. */
  readonly isTooLong: boolean

  constructor(why: string, { isTooLong = false } = {}) {
    super(why)
    this.isTooLong = isTooLong
  }
}
