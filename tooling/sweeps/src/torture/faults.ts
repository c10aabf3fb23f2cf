import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { OwnRedis } from '@rq/testkit'
import type { Redis } from 'ioredis'
import type { Chance } from './chance.ts'
import type { Crew, Hand } from './crew.ts'
import type { Troubles } from './troubles.ts'

/** The targets of faults. */
export interface Victims {
  readonly redis: OwnRedis
  /** A client that is connected without a proxy. */
  readonly client: Redis
  readonly crew: Crew
  readonly chance: Chance
  readonly troubles: Troubles
  readonly leaseMs: number
}

/** A kind of fault. It resolves when the fault is over. */
export type TortureFault = {
  readonly name: string
  /** Its relative frequency. */
  readonly share: number
} & (
  | { readonly on: 'redis'; readonly harm: (victims: Victims) => Promise<unknown> }
  | { readonly on: Hand['role']; readonly harm: (victims: Victims, hand: Hand) => Promise<unknown> }
)

/** No process can reach Redis while `harm` lasts. */
async function stalling({ troubles }: Victims, harm: () => Promise<unknown>, pid = 0): Promise<void> {
  const end = troubles.stall(pid)
  try {
    await harm()
  } finally {
    end()
  }
}

const onRedis: readonly TortureFault[] = [
  {
    name: 'redis-server killed and started again',
    on: 'redis',
    share: 2,
    harm: (victims) =>
      stalling(victims, async () => {
        await victims.redis.kill()
        await delay(victims.chance.between(0, 3000))
        await victims.redis.restart()
      }),
  },
  {
    name: 'redis-server frozen',
    on: 'redis',
    share: 1,
    harm: (victims) =>
      stalling(victims, async () => {
        await victims.redis.kill('SIGSTOP')
        await delay(victims.chance.between(200, 6000))
        await victims.redis.kill('SIGCONT')
      }),
  },
  {
    name: 'CLIENT PAUSE',
    on: 'redis',
    share: 2,
    harm: (victims) =>
      stalling(victims, async () => {
        const ms = Math.round(victims.chance.between(200, 8000))
        await victims.client.call('CLIENT', 'PAUSE', ms, victims.chance.pick(['ALL', 'WRITE']))
        await delay(ms)
      }),
  },
  {
    name: 'SCRIPT FLUSH, every 10 ms for a second',
    on: 'redis',
    share: 2,
    harm: async ({ client }) => {
      for (let n = 0; n < 100; n++) {
        await client.script('FLUSH')
        await delay(10)
      }
    },
  },
  {
    name: 'maxmemory reached, and released',
    on: 'redis',
    share: 2,
    harm: async ({ chance, client }) => {
      await client.config('SET', 'maxmemory', '1')
      await delay(chance.between(500, 5000))
      await client.config('SET', 'maxmemory', '0')
    },
  },
  {
    name: 'CLIENT KILL of all listeners',
    on: 'redis',
    share: 2,
    harm: ({ client }) => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  },
  {
    name: 'CLIENT KILL of all connections',
    on: 'redis',
    share: 2,
    harm: ({ client }) => client.call('CLIENT', 'KILL', 'TYPE', 'normal'),
  },
]

const onWorkers: readonly TortureFault[] = [
  {
    name: 'worker killed, its horses left behind',
    on: 'worker',
    share: 6,
    harm: async ({ crew }, hand) => crew.kill(hand),
  },
  { name: 'worker asked to leave', on: 'worker', share: 3, harm: ({ crew }, hand) => crew.term(hand) },
  {
    name: 'worker frozen, for up to two leases',
    on: 'worker',
    share: 4,
    harm: (victims, { process }) =>
      stalling(
        victims,
        async () => {
          process.kill('SIGSTOP')
          await delay(victims.chance.between(100, 2.2 * victims.leaseMs))
          process.kill('SIGCONT')
        },
        process.pid,
      ),
  },
  {
    name: 'work horse killed',
    on: 'worker',
    share: 6,
    harm: async ({ chance, troubles }, { process: { pid } }) => {
      const horses = await childrenOf(pid)
      if (horses.length === 0) return
      const horse = chance.pick(horses)
      troubles.note('horse', horse)
      process.kill(horse, 'SIGKILL')
    },
  },
  {
    name: 'worker cut off from Redis, for up to two leases',
    on: 'worker',
    share: 4,
    harm: (victims, { process, proxy }) =>
      stalling(
        victims,
        async () => {
          proxy.freeze()
          await delay(victims.chance.between(100, 2.2 * victims.leaseMs))
          if (victims.chance.next() < 0.5) proxy.reset()
          proxy.thaw()
        },
        process.pid,
      ),
  },
]

function onLine(role: Hand['role']): readonly TortureFault[] {
  return [
    {
      name: `connections of a ${role} reset`,
      on: role,
      share: 3,
      harm: async (_, { proxy }) => proxy.reset(),
    },
    {
      name: `replies to a ${role} lost`,
      on: role,
      share: 3,
      harm: async ({ chance }, { proxy }) => {
        proxy.onCommand = () => (chance.next() < 0.1 ? { kind: 'cut' } : undefined)
        await delay(chance.between(100, 1000))
        proxy.onCommand = () => undefined
      },
    },
    {
      name: `200 ms between a ${role} and Redis`,
      on: role,
      share: 2,
      harm: async ({ chance }, { proxy }) => {
        proxy.onCommand = () => ({ kind: 'delay', ms: 200 })
        await delay(chance.between(500, 4000))
        proxy.onCommand = () => undefined
      },
    },
  ]
}

export const TORTURE_FAULTS: readonly TortureFault[] = [
  ...onRedis,
  ...onWorkers,
  ...onLine('worker'),
  ...onLine('producer'),
  { name: 'producer killed', on: 'producer', share: 2, harm: async ({ crew }, hand) => crew.kill(hand) },
]

/** The child processes of one of our processes; none when it is gone. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}
