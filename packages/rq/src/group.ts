import { Group as BaseGroup, type CreateGroupOptions, type StorageOptions } from '@rq/queue'
import { type Connected, sharedStorage, splitConnection } from './connection.ts'

/** Jobs known by one name. */
export class Group extends BaseGroup {
  static override create(options: Connected<CreateGroupOptions> = {}): BaseGroup {
    return BaseGroup.create(stored(options))
  }

  static override fetch(name: string, options: Connected<StorageOptions> = {}): Promise<BaseGroup> {
    return BaseGroup.fetch(name, stored(options))
  }

  static override all(options: Connected<StorageOptions> = {}): Promise<BaseGroup[]> {
    return BaseGroup.all(stored(options))
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BaseGroup
  }
}

function stored<T extends Connected<StorageOptions>>(options: T) {
  const [connection, rest] = splitConnection(options)
  return { ...rest, storage: sharedStorage(connection) }
}
