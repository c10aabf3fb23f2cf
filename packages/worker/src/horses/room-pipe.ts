import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { ResultRoom } from './result-room.ts'

/** After it was held, a pipe has this long until what waited in it counts as read. */
const MOMENT_MS = 1000
/** Longer when the rest of a line waits in it. */
const COMPLETE_MS = 60_000

export interface RoomPipeOptions {
  readonly pause: () => void
  readonly resume: () => void
  /** Called when the line that has begun does not end, while others wait for it. */
  readonly onStalled: (why: InvalidMessage) => void
}

/** The pipe of one horse, as its {@link ResultRoom} sees it: read, held, or over. */
export class RoomPipe {
  readonly #room: ResultRoom
  readonly #options: RoomPipeOptions
  #begun = 0
  #isHeld = false
  #continuedMs = Number.NEGATIVE_INFINITY
  #isOver = false

  constructor(room: ResultRoom, options: RoomPipeOptions) {
    this.#room = room
    this.#options = options
  }

  /** Length of the line that has begun. */
  get begun(): number {
    return this.#begun
  }

  /** Whether what the horse has sent may wait here unread: its worker does not know what it does now. */
  get isBehind(): boolean {
    return this.#isHeld || performance.now() - this.#continuedMs < (this.#begun > 0 ? COMPLETE_MS : MOMENT_MS)
  }

  /** To be called after each text that was read. @param begun - length of the line that is not complete. */
  noteRead(begun: number): void {
    if (this.#isOver) return
    const more = begun - this.#begun
    this.#begun = begun
    this.#room.noteRead(this, more)
  }

  hold(): void {
    this.#isHeld = true
    this.#options.pause()
  }

  continue(): void {
    this.#isHeld = false
    this.#continuedMs = performance.now()
    this.#options.resume()
  }

  giveUp(): void {
    this.end()
    this.#options.onStalled(new InvalidMessage('it has begun, and does not end'))
  }

  /** Its horse is gone. What it has written is still read, since nothing will follow. Idempotent. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#room.forget(this)
    this.#isHeld = false
    this.#options.resume()
  }
}
