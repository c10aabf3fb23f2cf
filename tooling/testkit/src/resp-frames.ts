const CR_LF = '\r\n'

/** Elements per count of an aggregate, by its first byte. Any other type is a single line or a bulk string. */
const ELEMENTS_PER_COUNT: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 }
const BULK = '$=!'

/**
 * Splits a stream of Redis's protocol (RESP 2 and 3, either direction) into whole messages, byte for byte. Inline
 * commands are not supported.
 */
export class RespFrames {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  /** Elements still missing in each open aggregate, the outermost first. */
  #open: number[] = []

  /** Add bytes. Returns the messages that are complete now. */
  push(chunk: Buffer): Buffer[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const frames: Buffer[] = []
    let start = 0
    for (;;) {
      const end = this.#endOfElement()
      if (end === undefined) break
      this.#at = end
      if (this.#open.length > 0) continue
      frames.push(this.#bytes.subarray(start, end))
      start = end
    }
    this.#bytes = this.#bytes.subarray(start)
    this.#at -= start
    return frames
  }

  /** Index after the next line or bulk string; undefined when it is not complete. */
  #endOfElement(): number | undefined {
    const lineEnd = this.#bytes.indexOf(CR_LF, this.#at)
    if (lineEnd < 0) return undefined
    const type = String.fromCharCode(this.#bytes[this.#at] ?? 0)
    const count = Number(this.#bytes.toString('latin1', this.#at + 1, lineEnd))
    const next = lineEnd + CR_LF.length
    if (BULK.includes(type) && count >= 0) {
      const end = next + count + CR_LF.length
      if (end > this.#bytes.length) return undefined
      this.#close()
      return end
    }
    const elements = (ELEMENTS_PER_COUNT[type] ?? 0) * count
    if (elements > 0) this.#open.push(elements)
    else this.#close()
    return next
  }

  /** Count one element as complete, and every aggregate whose last element it is. */
  #close(): void {
    while (this.#open.length > 0) {
      const left = (this.#open.pop() ?? 1) - 1
      if (left > 0) {
        this.#open.push(left)
        return
      }
    }
  }
}

/** Read the words of a request, which is an array of bulk strings. */
export function requestWords(frame: Buffer): Buffer[] {
  const words: Buffer[] = []
  let at = frame.indexOf(CR_LF) + CR_LF.length
  while (at < frame.length) {
    const lineEnd = frame.indexOf(CR_LF, at)
    const length = Number(frame.toString('latin1', at + 1, lineEnd))
    const start = lineEnd + CR_LF.length
    words.push(frame.subarray(start, start + length))
    at = start + length + CR_LF.length
  }
  return words
}
