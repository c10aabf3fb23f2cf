export { DEFAULT_URL, maskUrl, urlFromEnvironment } from './connection-url.ts'
export type { Connection, Role } from './connections.ts'
export { Keys } from './keys.ts'
export { RedisStorage, type RedisStorageOptions } from './storage.ts'
