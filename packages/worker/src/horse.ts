import { includeModules, type Modules } from './inside-horse/storage-source.ts'
import { givenRole, type Role } from './program.ts'

/** Each module does its work when it is loaded. */
const ROLES: Readonly<Record<Role, () => Promise<unknown>>> = {
  process: () => import('./inside-horse/process-main.ts'),
  thread: () => import('./inside-horse/thread-main.ts'),
  watchdog: () => import('./inside-horse/watchdog.ts'),
  'lease-thread': () => import('./lease/lease-thread.ts'),
  'pool-worker': () => import('./worker-pool/pool-worker-main.ts'),
}

/**
 * Be what the worker has started this process or thread for: the file of the worker's option `horsePath` calls this.
 * Does nothing in a process that no worker has started.
 * @param modules - the modules of storages that are part of the same file, by name.
 */
export function runHorse(modules: Modules = {}): void {
  includeModules(modules)
  const role = givenRole()
  if (role !== undefined) void ROLES[role]()
}
