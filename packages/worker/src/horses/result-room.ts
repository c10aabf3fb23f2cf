import { LargeGarbage } from '../large-garbage.ts'
import { RoomPipe, type RoomPipeOptions } from './room-pipe.ts'

/** With so many bytes of results that have come, or wait for the store, no more are read. */
const MOST_BYTES = 8 * 1024 ** 2
const LOOK_MS = 1000
/** A horse writes a line at once: one that does not go on for so many looks does not end. */
const MOST_LOOKS = 10

/**
 * The room for what horses have sent and the store has not taken: results that wait, and the beginnings of long lines.
 * When it is full, horses are not read, so they wait where they write. One line is always read to its end, else its
 * horse and the room would wait for each other. If that line does not go on, its horse is given up.
 */
export class ResultRoom {
  /** The payloads of the worker that are gone. */
  readonly garbage = new LargeGarbage()
  /** Bytes of the results that wait for the store. */
  #waiting = 0
  /** Characters of the lines that have begun. */
  #begun = 0
  /** The one whose line is read although the room is full. */
  #first: RoomPipe | undefined
  readonly #held = new Set<RoomPipe>()
  #timer: NodeJS.Timeout | undefined
  #looks = 0

  /** The pipe of a horse. */
  open(options: RoomPipeOptions): RoomPipe {
    return new RoomPipe(this, options)
  }

  /** A result waits for the store. */
  keep(bytes: number): void {
    this.#waiting += bytes
    // The pieces in which it came.
    this.garbage.note(bytes)
  }

  /** The store has it. */
  drop(bytes: number): void {
    this.#waiting -= bytes
    this.garbage.note(bytes)
    this.#continue()
  }

  /** @param more - by how much the line has grown that the pipe has begun. */
  noteRead(pipe: RoomPipe, more: number): void {
    this.#begun += more
    if (this.#first === pipe) this.#looks = 0
    if (this.#first === pipe && pipe.begun === 0) this.#first = undefined
    if (!this.#isFull) {
      if (this.#held.size > 0) this.#continue()
      return
    }
    if (this.#first === undefined && pipe.begun > 0 && this.#waiting < MOST_BYTES) this.#first = pipe
    if (this.#first === pipe) return
    this.#held.add(pipe)
    pipe.hold()
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
    this.#continue()
  }

  /** Nothing of this pipe counts any more. */
  forget(pipe: RoomPipe): void {
    this.#begun -= pipe.begun
    this.#held.delete(pipe)
    if (this.#first === pipe) this.#first = undefined
    this.#continue()
  }

  get #isFull(): boolean {
    return this.#waiting + this.#begun >= MOST_BYTES
  }

  /** Read on as far as there is room. */
  #continue(): void {
    if (!this.#isFull) for (const pipe of this.#held) this.#read(pipe)
    else if (this.#first === undefined && this.#waiting < MOST_BYTES) {
      this.#looks = 0
      for (const pipe of this.#held) {
        if (pipe.begun === 0) continue
        this.#first = pipe
        this.#read(pipe)
        break
      }
    }
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #read(pipe: RoomPipe): void {
    this.#held.delete(pipe)
    pipe.continue()
  }

  /** Looks are counted and not timed: a worker that stood still has not read. */
  #look(): void {
    if (this.#first !== undefined && ++this.#looks >= MOST_LOOKS) this.#first.giveUp()
  }
}
