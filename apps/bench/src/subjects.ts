import type { Subject } from './subject.ts'

/** The libraries, ours first. Each is a module of its own, and only the processes that use it load it. */
const LOADERS: Readonly<Record<string, () => Promise<Subject>>> = {
  rq: async () => (await import('./subjects/rq.ts')).rq,
  bullmq: async () => (await import('./subjects/bullmq.ts')).bullmq,
  'bee-queue': async () => (await import('./subjects/bee-queue.ts')).beeQueue,
  groupmq: async () => (await import('./subjects/groupmq.ts')).groupmq,
  'graphile-worker': async () => (await import('./subjects/graphile-worker.ts')).graphileWorker,
  'python-rq': async () => (await import('./subjects/python-rq.ts')).pythonRq,
}

/** Libraries that people name and that the bench cannot run, and why. */
export const NOT_MEASURED: Readonly<Record<string, string>> = {
  'glide-mq': 'the npm registry that this bench is made with does not have it',
}

export const OURS = 'rq'
/** The one that has the same place as ours, and whose figures the targets are about. */
export const NEAREST = 'bullmq'
export const PEERS: readonly string[] = Object.keys(LOADERS).filter((name) => name !== OURS)

/** @throws Error for an unknown name. */
export async function loadSubject(name: string): Promise<Subject> {
  const load = LOADERS[name]
  if (load !== undefined) return load()
  const why = NOT_MEASURED[name]
  const list = Object.keys(LOADERS).join(', ')
  throw new Error(why === undefined ? `No such library: ${name}. There are ${list}.` : `No ${name}: ${why}.`)
}
