import type { Client } from './script.ts'

/** Why the connection of a client was last lost or not made, until there is one again. */
export class Troubles {
  readonly #byClient = new WeakMap<Client, Error>()

  note(client: Client, error: Error): void {
    const known = this.#byClient.get(client)
    // A server that refuses a connection says why and closes it; that it is closed is then no news.
    if (known !== undefined && isAnswer(known) && isBreak(error)) return
    this.#byClient.set(client, error)
  }

  forget(client: Client): void {
    this.#byClient.delete(client)
  }

  of(client: Client): Error | undefined {
    return this.#byClient.get(client)
  }
}

/** Answers begin with a word for programs; the words of Node are small. */
function isAnswer(error: Error): boolean {
  return /^[A-Z]+ /.test(error.message)
}

function isBreak(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
