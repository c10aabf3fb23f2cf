import { Redis } from 'ioredis'
import { getCurrentJob } from 'rq'

/** Functions for jobs of both languages: tasks.py has the same names. Keyword arguments come as the last argument. */

const LANGUAGE = 'typescript'

let client

function redis() {
  client ??= new Redis(process.env.INTEROP_REDIS_URL)
  return client
}

export const add = (x, y) => x + y

export const echo = (value) => value

export const greet = (name, { greeting = 'Hello', punctuation = '!' } = {}) => `${greeting}, ${name}${punctuation}`

export function nothing() {}

export function fail(message) {
  throw new TypeError(message)
}

export const language = () => LANGUAGE

export const whoami = (number) => ({ language: LANGUAGE, number })

export async function note(key, value) {
  await redis().rpush(key, value)
  return value
}

export async function stamp_meta(facts) {
  const job = getCurrentJob()
  Object.assign(job.meta, facts, { language: LANGUAGE })
  await job.saveMeta()
  return Object.keys(job.meta).sort()
}

export async function sleep(seconds) {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  return seconds
}

/** Writes its process id, then waits until it is released. */
export async function hold(key, seconds) {
  const own = redis().duplicate()
  await own.rpush(key, process.pid)
  await own.blpop(`${key}:go`, seconds)
  own.disconnect()
  return 'held'
}

export async function fail_until(key, attempts) {
  const attempt = await redis().incr(key)
  if (attempt <= attempts) throw new RangeError(`attempt ${attempt}`)
  return attempt
}

/** Adds its own number and the return values of all jobs that it waited for. */
export async function sum_of_dependencies(own) {
  const dependencies = await getCurrentJob().fetchDependencies()
  const values = await Promise.all(dependencies.map((dependency) => dependency.returnValue()))
  return values.reduce((sum, value) => sum + value, own)
}

/** Like sum_of_dependencies, but also logs its run. */
export async function tally(own) {
  await redis().rpush('test:runs', `${getCurrentJob().id} ${LANGUAGE}`)
  return sum_of_dependencies(own)
}

export const unserializable = () => new Set([1, 2, 3])

export async function on_success(job, connection, result) {
  await connection.rpush('test:callbacks', `${LANGUAGE} success ${job.id} ${result}`)
}

export async function on_failure(job, connection, type) {
  await connection.rpush('test:callbacks', `${LANGUAGE} failure ${job.id} ${type}`)
}
