/** A call of a job that waits for its turn. */
interface Waiting {
  readonly bytes: number
  readonly begin: () => void
}

/** Lets so many calls be under way at once, with so many bytes. The others wait, in their order. */
export class CallWindow {
  readonly #most: number
  readonly #mostBytes: number
  #count = 0
  #bytes = 0
  #waiting: Waiting[] = []
  /** The first of those that wait: they are not shifted, which takes long when there are many. */
  #at = 0

  constructor(most: number, mostBytes: number) {
    this.#most = most
    this.#mostBytes = mostBytes
  }

  /** Begin a call now or in its turn. One that alone has more bytes than fit begins when no other is under way. */
  enter(bytes: number, begin: () => void): void {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) this.#begin({ bytes, begin })
    else this.#waiting.push({ bytes, begin })
  }

  /** A call has ended. */
  leave(bytes: number): void {
    this.#count--
    this.#bytes -= bytes
    for (let next = this.#waiting[this.#at]; next !== undefined && this.#hasRoom(next.bytes); ) {
      this.#at++
      this.#begin(next)
      next = this.#waiting[this.#at]
    }
    if (this.#at < this.#waiting.length) return
    this.#waiting = []
    this.#at = 0
  }

  #hasRoom(bytes: number): boolean {
    return this.#count === 0 || (this.#count < this.#most && this.#bytes + bytes <= this.#mostBytes)
  }

  #begin({ begin, bytes }: Waiting): void {
    this.#count++
    this.#bytes += bytes
    begin()
  }
}

/** About how many bytes a value of JSON has. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  if (typeof value !== 'object' || value === null) return 0
  let bytes = 0
  for (const part of Object.values(value)) bytes += bytesOf(part)
  return bytes
}
