import type { Redis } from 'ioredis'
import { type KeyType, type KnownKey, rowOf } from './key-table.ts'
import { idsToEnd } from './state.ts'

/** One key, field, member or score that is not as it should be. */
export interface Case {
  readonly name: string
  /** Ids of jobs that need not end: what they are made of is spoiled. */
  readonly victims: readonly string[]
  spoil(client: Redis, prefix: string): Promise<unknown>
}

type Text = string | Buffer

/** By name. What a reader may expect is a word, an id, `a:b`, JSON, a number or a time. */
const TEXTS: readonly (readonly [name: string, text: Text])[] = [
  ['nothing', ''],
  ['no separator', 'x'],
  ['only separators', '::'],
  ['one part too many', 'x:y:z'],
  ['a separator first', ':x'],
  ['1e400', '1e400'],
  ['inf', 'inf'],
  ['-inf', '-inf'],
  ['nan', 'nan'],
  ['-1', '-1'],
  ['2^63', '9223372036854775808'],
  ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ['100 KB', 'x'.repeat(100_000)],
  ['unfinished JSON', '{"a'],
  ['deep JSON', `${'['.repeat(2000)}${']'.repeat(2000)}`],
  ['JSON of wrong types', '[null,{},"x",1e400]'],
  ['a name of the language', '__proto__'],
]

const SCORES = ['+inf', '-inf', '1e18', '-1e18', '0']

const TYPES: readonly KeyType[] = ['hash', 'list', 'set', 'stream', 'string', 'zset']

/** All cases for the keys of a prepared state that belong to queue `a`, or to no queue. */
export async function casesOf(client: Redis, prefix: string): Promise<Case[]> {
  const names = (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)).sort()
  const cases: Case[] = []
  for (const name of names) {
    const known = rowOf(name)
    if (known === undefined) throw new Error(`${name} is not in the table of keys`)
    if (Object.values(known.names).some((one) => /(^|-)b($|-)/.test(one))) continue
    const key = `${prefix}${name}`
    const whole = known.row.holdsJobs ? await heldBy(client, prefix, name, known) : []
    cases.push(...wrongTypes(name, known.row.type, whole))
    if ((await client.type(key)) !== known.row.type) continue
    if (known.row.type === 'hash') cases.push(...(await badFields(client, prefix, name, known)))
    else cases.push(...badMembers(name, known, whole))
    if (known.row.type === 'zset') cases.push(...(await badScores(client, key, name)))
  }
  return cases
}

function wrongTypes(name: string, right: KeyType, victims: readonly string[]): Case[] {
  return TYPES.filter((type) => type !== right).map((type) => ({
    name: `${name} is a ${type}`,
    victims,
    spoil: async (client, prefix) => {
      await client.del(prefix + name)
      await write(client, prefix + name, type, 'x')
    },
  }))
}

let turn = 0
const NOTHING = ['nothing', ''] as const

async function badFields(client: Redis, prefix: string, name: string, { row, names }: KnownKey): Promise<Case[]> {
  const fields = new Set(await client.hkeys(prefix + name))
  if (row.key === 'rq:job:<id>') for (const field of JOB_FIELDS) fields.add(field)
  return [...fields].flatMap((field) => {
    const victims = names.id !== undefined ? [names.id] : names.k !== undefined ? limited : [...idsIn(field)]
    // There are many jobs: each has every field spoiled in some way, and all have it in every way.
    return (row.key === 'rq:job:<id>' ? [TEXTS[turn++ % TEXTS.length] ?? NOTHING] : TEXTS).map(([what, text]) => ({
      name: `${name} ${field} is ${what}`,
      victims,
      spoil: (other: Redis, to: string) => other.hset(to + name, field, text),
    }))
  })
}

/** Beside its own, a key has a member that it cannot have. */
function badMembers(name: string, { row }: KnownKey, whole: readonly string[]): Case[] {
  const isText = row.type === 'string'
  return TEXTS.map(([what, text]) => ({
    name: isText ? `${name} is ${what}` : `${name} has ${what}`,
    victims: isText ? whole : [],
    spoil: (client, prefix) => write(client, prefix + name, row.type, text),
  }))
}

async function badScores(client: Redis, key: string, name: string): Promise<Case[]> {
  const [member = ''] = await client.zrange(key, 0, '0')
  return SCORES.map((score) => ({
    name: `${name} has ${member.replace(/:.*/, '')} at ${score}`,
    victims: [...idsIn(member)],
    spoil: (other, prefix) => other.zadd(prefix + name, score, member),
  }))
}

function write(client: Redis, key: string, type: KeyType, text: Text): Promise<unknown> {
  switch (type) {
    case 'hash':
      return client.hset(key, 'field', text)
    case 'list':
      return client.lpush(key, text)
    case 'set':
      return client.sadd(key, text)
    case 'stream':
      return client.xadd(key, '*', 'type', text, 'return_value', text, 'exc_string', text, 'ended_at', text)
    case 'string':
      return client.set(key, text)
    case 'zset':
      return client.zadd(key, 0, text)
  }
}

const limited = ['a-limited1', 'a-limited2']

/** The jobs that can go no further without this key. */
async function heldBy(client: Redis, prefix: string, name: string, { names }: KnownKey): Promise<readonly string[]> {
  if (names.id !== undefined) return [names.id]
  if (names.k !== undefined) return limited
  if (name.startsWith('scheduler-lock:')) return ['a-later1', 'a-later2']
  // Others come to the same place later.
  const type = await client.type(prefix + name)
  return type === 'none' || /^(queue|wip):a$/.test(name) ? idsToEnd('a') : idsWaitingIn(name)
}

function idsWaitingIn(name: string): string[] {
  const [place] = name.split(':')
  if (place === 'deferred') return ['a-child1', 'a-child2', 'a-released', 'a-unchecked']
  if (place === 'scheduled') return ['a-later1', 'a-later2', 'a-retry']
  return place === 'ready' ? ['a-ready'] : ['a-stuck']
}

function* idsIn(text: string): Generator<string> {
  for (const [id] of text.matchAll(/\ba-\w+/g)) yield id
}

/** The fields of a job that no job of the state has, or not every one. */
const JOB_FIELDS = [
  ...[
    'status',
    'data',
    'created_at',
    'enqueued_at',
    'origin',
    'last_heartbeat',
    'description',
    'timeout',
    'started_at',
  ],
  ...[
    'ended_at',
    'worker_name',
    'execution_id',
    'group_id',
    'result_ttl',
    'failure_ttl',
    'ttl',
    'meta',
    'retries_left',
    'retry_max',
  ],
  ...['retry_intervals', 'enqueue_at_front_on_retry', 'number_of_retries', 'repeats_left', 'repeat_intervals'],
  ...['repeats_done', 'dependency_id', 'dependency_ids', 'allow_dependency_failures', 'enqueue_at_front', 'webhooks'],
  ...['rate_limit_key', 'rate_limit_concurrency', 'results', 'result', 'waiters', 'abandoned_count', 'listed_once'],
  ...['run_again', 'unique', 'exc_info', 'success_callback_name', 'success_callback_timeout', 'failure_callback_name'],
  ...['failure_callback_when', 'retry_on', 'returned_ms', 'return_for_ms', 'messages'],
]
