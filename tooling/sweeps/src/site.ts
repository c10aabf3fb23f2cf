import { randomUUID } from 'node:crypto'
import {
  eventually,
  findViolations,
  type OwnRedis,
  type OwnRedisOptions,
  overlaps,
  ownClient,
  readRuns,
  runCounts,
  type SpawnedProcess,
  spawnNode,
  startRedis,
  type TempDir,
} from '@rq/testkit'
import type { Redis } from 'ioredis'
import { Load } from './load.ts'
import type { WorkerOrder } from './run-worker.ts'

/** The result of a time with faults. */
export interface SiteOutcome {
  /** Jobs that were acknowledged and have not run. */
  readonly lost: readonly string[]
  /** Jobs that ran more than once. */
  readonly twice: readonly string[]
  /** Pairs of runs of one job that were under way at once. */
  readonly overlapping: number
  readonly violations: readonly string[]
  /** The reports of the workers: a lost lease, an abandoned job, an exit, a crash. */
  readonly said: string
}

/** The result without errors. */
export const WELL: SiteOutcome = { lost: [], twice: [], overlapping: 0, violations: [], said: '' }

export interface SiteOptions {
  readonly redis?: OwnRedisOptions
  /** A server that belongs to the caller. Default: the site starts one. */
  readonly server?: OwnRedis
  /** The address at which workers and producer reach the server. Default: its own. */
  readonly url?: string
  /** The folder of `jobsProject()`. */
  readonly project: TempDir
  /** The lease of the workers. Default: the default of a worker. */
  readonly leaseMs?: number
}

/** A Redis server, two workers in processes of their own, and a producer that is not started yet. */
export interface Site extends AsyncDisposable {
  readonly redis: OwnRedis
  readonly prefix: string
  readonly client: Redis
  readonly load: Load
  /** The file in which jobs note their runs. */
  readonly file: string
  /** Acknowledged jobs that have not run. */
  undone(): Promise<string[]>
  /** Stop the producer, wait for the last job, and collect the result. */
  outcome(): Promise<SiteOutcome>
}

const QUEUES = ['high', 'default', 'low']
const PREFIX = 'rq:'
const LOOK_MS = 50

export async function openSite({ leaseMs, project, redis: options, server, url }: SiteOptions): Promise<Site> {
  const redis = server ?? (await startRedis(options))
  const reach = url ?? redis.url
  const file = project.path(`runs-${randomUUID()}`)
  const client = ownClient(redis.url)
  client.on('error', () => {})
  const load = new Load({ url: reach, prefix: PREFIX, queues: QUEUES, file })
  const basics = { url: reach, prefix: PREFIX, queues: QUEUES, burst: false, isScheduled: false } as const
  const order: WorkerOrder = { ...basics, horse: 'inline', importPath: project.dir, ...(leaseMs && { leaseMs }) }
  const workers = [0, 1].map(() => spawnNode(new URL('../dist/victim.js', import.meta.url), [JSON.stringify([order])]))
  await Promise.all(workers.map((worker) => worker.output(/works 0/)))

  const undone = async (): Promise<string[]> => {
    const counts = runCounts(await readRuns(file))
    return load.acknowledged.filter((id) => !counts.has(id))
  }
  const isQuiet = async (): Promise<boolean> => {
    const counts = QUEUES.flatMap((q) => [client.llen(`${PREFIX}queue:${q}`), client.zcard(`${PREFIX}wip:${q}`)])
    return (await Promise.all(counts)).every((count) => count === 0)
  }
  return {
    redis,
    prefix: PREFIX,
    client,
    load,
    file,
    undone,
    async outcome() {
      await load.stop()
      const isDone = async () => (await undone()).length === 0 && (await isQuiet())
      await eventually(isDone, { intervalMs: LOOK_MS }).catch(() => {})
      const runs = await readRuns(file)
      return {
        lost: await undone(),
        twice: [...runCounts(runs)].filter(([, count]) => count > 1).map(([id]) => id),
        overlapping: overlaps(runs).length,
        violations: await findViolations(client, PREFIX),
        said: workers.map(complaints).join(''),
      }
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers) await worker[Symbol.asyncDispose]()
      await load[Symbol.asyncDispose]()
      client.disconnect()
      if (server === undefined) await redis.stop()
    },
  }
}

function complaints({ stdout, stderr }: SpawnedProcess): string {
  return stdout.replace(/^(works|horse) .*\n/gm, '') + stderr
}
