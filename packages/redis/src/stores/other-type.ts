import { RqError } from '@rq/core'

/** Whether an error says that a key is of another type than it should be: another program has replaced it. */
function isOtherType(error: unknown): boolean {
  return error instanceof RqError && error.code === 'RQ_REDIS' && error.message.includes('WRONGTYPE')
}

/** What a step returns; undefined when a key is of another type, which must not keep other steps from being made. */
export async function unlessOtherType<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step
  } catch (error) {
    if (isOtherType(error)) return undefined
    throw error
  }
}

/** Makes steps that do not depend on each other. One that meets a key of another type does not end the others. */
export class Steps {
  #error: unknown

  /** @throws any other error. @returns undefined when a key is of another type. */
  async make<T>(step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step()
    } catch (error) {
      if (!isOtherType(error)) throw error
      this.#error ??= error
      return undefined
    }
  }

  /** @throws the first error of a key of another type, after all other steps. */
  end(): void {
    if (this.#error !== undefined) throw this.#error
  }
}
