import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Reply = string | number | null | readonly Reply[]

/** As little as a client of Redis can be: one socket, replies in order, no reconnecting. Texts are latin1. */
export class PlainRedis {
  readonly #socket: Socket
  readonly #waiting: ((reply: Reply) => void)[] = []
  #text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#read(chunk))
  }

  static async open(url: string): Promise<PlainRedis> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return new PlainRedis(socket)
  }

  /** Answers with an error of Redis as text. */
  call(...words: readonly (string | number)[]): Promise<Reply> {
    let text = `*${words.length}\r\n`
    for (const word of words) {
      const one = String(word)
      text += `$${one.length}\r\n${one}\r\n`
    }
    this.#socket.write(text, 'latin1')
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  async load(script: string): Promise<string> {
    const sha = await this.call('SCRIPT', 'LOAD', script)
    if (typeof sha !== 'string' || sha.length !== 40) throw new Error(`The script was not loaded: ${sha}`)
    return sha
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: string): void {
    this.#text += chunk
    let from = 0
    for (;;) {
      const parsed = parse(this.#text, from)
      if (parsed === undefined) break
      from = parsed.next
      this.#waiting.shift()?.(parsed.reply)
    }
    if (from > 0) this.#text = this.#text.slice(from)
  }
}

/** The reply that begins there; undefined while a part of it is missing. */
export function parse(text: string, from: number): { reply: Reply; next: number } | undefined {
  const end = text.indexOf('\r\n', from)
  if (end < 0) return undefined
  const line = text.slice(from + 1, end)
  const next = end + 2
  switch (text[from]) {
    case ':':
      return { reply: Number(line), next }
    case '$': {
      const length = Number(line)
      if (length < 0) return { reply: null, next }
      if (text.length < next + length + 2) return undefined
      return { reply: text.slice(next, next + length), next: next + length + 2 }
    }
    case '*': {
      const list: Reply[] = []
      let at = next
      for (let n = 0; n < Number(line); n++) {
        const item = parse(text, at)
        if (item === undefined) return undefined
        list.push(item.reply)
        at = item.next
      }
      return { reply: list, next: at }
    }
    default:
      return { reply: line, next }
  }
}
