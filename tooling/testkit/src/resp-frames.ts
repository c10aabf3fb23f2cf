const CR_LF = '\r\n'

/** How many elements follow the head of an aggregate, by its first byte. What is not here is a single line or a bulk. */
const ELEMENTS_PER_COUNT: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 }
const BULK = '$=!'

/**
 * Cuts a stream of Redis's protocol (RESP 2 and 3, either direction) into whole messages, as the bytes they came in.
 * Inline commands are not understood.
 */
export class RespFrames {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  /** Elements that are still to come, of each open aggregate, the outermost first. */
  #open: number[] = []

  /** The messages that are whole now. */
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

  /** Step over one line or bulk; undefined when it is not all there. */
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

  /** An element has ended, and with it perhaps those that it is the last one of. */
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

/** The words of a request: an array of bulks. */
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
