/** How many ids are taken from the head before their memory is released. */
const MOST_TAKEN = 1000

/** Job ids in order. Taking the head is cheap: to shift a long array moves all of its elements. */
export class IdList {
  #ids: string[] = []
  #head = 0

  get length(): number {
    return this.#ids.length - this.#head
  }

  ids(): string[] {
    return this.#ids.slice(this.#head)
  }

  push(id: string): void {
    this.#ids.push(id)
  }

  unshift(id: string): void {
    if (this.#head > 0) this.#ids[--this.#head] = id
    else this.#ids.unshift(id)
  }

  shift(): string | undefined {
    if (this.length === 0) return undefined
    const id = this.#ids[this.#head++]
    if (this.length === 0 || this.#head > MOST_TAKEN + this.length) this.#set(this.ids())
    return id
  }

  /** Index from the head; -1 when it is not there. */
  indexOf(id: string): number {
    const at = this.#ids.indexOf(id, this.#head)
    return at === -1 ? -1 : at - this.#head
  }

  /** Remove the first `most` occurrences of an id. Returns how many were removed. */
  remove(id: string, most = Number.POSITIVE_INFINITY): number {
    let removed = 0
    return this.keep((one) => one !== id || ++removed > most)
  }

  /** Drop all ids but those that `isWanted` accepts. Returns how many were dropped. */
  keep(isWanted: (id: string) => boolean): number {
    const before = this.length
    this.#set(this.ids().filter(isWanted))
    return before - this.length
  }

  #set(ids: string[]): void {
    this.#ids = ids
    this.#head = 0
  }
}
