import { Command } from 'ioredis'

/** One character for each byte: so a whole command is one string, and one copy of it goes to the socket. */
const BYTES = 'latin1'

/** A call of a script by its sha, up to what differs from call to call. */
export interface ScriptHead {
  readonly sha: string
  readonly keyCount: number
  /** Whether the strings of the reply are Buffers. */
  readonly repliesInBytes: boolean
}

/**
 * A call of a script that writes itself. A command of ioredis with a binary argument builds a Buffer of many small
 * parts, which takes longer than all else in a short call. ioredis does with this one what it does with any command:
 * it keeps it while there is no connection, and sends it again over the next one.
 */
export class ScriptCommand extends Command {
  /** @param words keys and arguments. */
  constructor({ keyCount, repliesInBytes, sha }: ScriptHead, words: readonly (string | Buffer)[]) {
    super('evalsha', [], repliesInBytes ? IN_BYTES : IN_TEXT)
    // Here and not through ioredis, which would copy and check them.
    this.args = [sha, String(keyCount), ...words]
  }

  override toWritable(): Buffer {
    let text = `*${this.args.length + 1}\r\n$7\r\nevalsha\r\n`
    for (const word of this.args as (string | Buffer)[]) {
      const bytes = typeof word === 'string' ? bytesOf(word) : word.toString(BYTES)
      text += `$${bytes.length}\r\n${bytes}\r\n`
    }
    return Buffer.from(text, BYTES)
  }
}

const IN_TEXT = { replyEncoding: 'utf8' } as const
const IN_BYTES = { replyEncoding: null } as const

/** The UTF-8 of a text, one character for each byte. That of an ASCII text is the text itself. */
function bytesOf(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString(BYTES)
}
