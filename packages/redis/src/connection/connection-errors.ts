import type { Client } from './script.ts'

/** Remembers for each client why its connection was last lost or could not be made, until it is connected again. */
export class ConnectionErrors {
  readonly #byClient = new WeakMap<Client, Error>()

  add(client: Client, error: Error): void {
    const known = this.#byClient.get(client)
    // A server that refuses a connection replies why, then closes it. The reply says more than the closing.
    if (known !== undefined && isReply(known) && isBreak(error)) return
    this.#byClient.set(client, error)
  }

  clear(client: Client): void {
    this.#byClient.delete(client)
  }

  of(client: Client): Error | undefined {
    return this.#byClient.get(client)
  }
}

/** Whether the server sent it: its replies begin with a word in capitals, messages of Node do not. */
function isReply(error: Error): boolean {
  return /^[A-Z]+ /.test(error.message)
}

function isBreak(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
