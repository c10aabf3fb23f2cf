import { findViolations, RUNS_ALL, startRedis } from '@rq/testkit'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { type Case, casesOf } from './hostile/cases.ts'
import { KEYS, rowOf } from './hostile/key-table.ts'
import { copyState, idsToEnd, prepare, QUEUES } from './hostile/state.ts'
import { change, Faults, leave, look, type Place, turn } from './hostile/steps.ts'

/** Cases under way at once: their round trips overlap. */
const LANES = 8
/** There are some thousands: every so many-th is taken, or those whose names match. */
const EVERY = Number(process.env.RQ_HOSTILE_EVERY ?? (RUNS_ALL ? 8 : 71))
const ONLY = process.env.RQ_HOSTILE_CASE
const MOST_TURNS = 5
const STATE = 's:'

/** Make all steps beside something spoiled. Returns what is wrong. */
async function faultsOf({ name, spoil, victims }: Case, client: Redis, prefix: string): Promise<string[]> {
  await using storage = new RedisStorage({ connection: client, prefix })
  const place = { client, prefix, storage }
  const faults = new Faults()
  // What belongs to queue `a` is no reason to refuse anything about queue `b`.
  const isShared = !/(^|[:-])a\b/.test(name)
  const may = { a: () => true, b: () => isShared }
  await copyState(client, STATE, prefix)
  await spoil(client, prefix)
  for (const queue of QUEUES) await look(place, faults, queue, may[queue])
  for (const queue of QUEUES) await change(place, faults, queue, may[queue])
  let left: string[] | undefined
  for (let n = 0; n < MOST_TURNS && left?.length !== 0; n++) {
    await turn(place, faults, (step) => isShared || !step.endsWith(' b'))
    left = await unended(place, victims)
  }
  if (left?.length !== 0) faults.found.push(`did not end: ${left?.join(', ')}`)
  if (!isShared) faults.found.push(...(await violationsOfB(place)))
  for (const queue of QUEUES) await leave(place, faults, queue, may[queue])
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
  return faults.found.map((text) => `${name}: ${text.slice(0, 300)}`)
}

async function unended({ client, prefix }: Place, victims: readonly string[]): Promise<string[]> {
  const ids = QUEUES.flatMap((queue) => idsToEnd(queue)).filter((id) => !victims.includes(id))
  const pipeline = client.pipeline()
  for (const id of ids) pipeline.hget(`${prefix}job:${id}`, 'status')
  const replies = (await pipeline.exec()) ?? []
  return ids.flatMap((id, index) => {
    const status = replies[index]?.[1] ?? 'gone'
    return status === 'finished' || status === 'failed' ? [] : [`${id} (${status})`]
  })
}

async function violationsOfB({ client, prefix }: Place): Promise<string[]> {
  const found = await findViolations(client, prefix)
  return found.filter((text) => /\bb\b/.test(text) && !LEFT.test(text))
}

/** What the state and the steps leave on purpose: a broken key; a job that was only saved. */
const LEFT = /job:b-broken|job b-new-10 /

it('a key, field, member or score that is not as it should be stops nothing else', async () => {
  await using redis = await startRedis()
  const client = new Redis(redis.url)
  try {
    await using storage = new RedisStorage({ connection: client, prefix: STATE })
    await prepare(storage, client, STATE)
    const names = (await client.keys(`${STATE}*`)).map((key) => key.slice(STATE.length))
    const met = new Set(names.map((name) => rowOf(name)?.row.key))
    const absent = ['rq:suspended', 'rq:paused:<q>']
    expect(KEYS.map(({ key }) => key).filter((key) => !met.has(key) && !absent.includes(key))).toEqual([])
    const all = await casesOf(client, STATE)
    const cases = all.filter(({ name }, index) =>
      ONLY === undefined ? index % EVERY === 0 : new RegExp(ONLY).test(name),
    )
    const faults: string[] = []
    let next = 0
    const lane = async () => {
      while (next < cases.length) {
        const number = next++
        faults.push(...(await faultsOf(cases[number] as Case, client, `c${number}:`)))
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    expect(faults).toEqual([])
  } finally {
    client.disconnect()
  }
})
