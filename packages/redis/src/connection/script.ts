import { invalidOption } from '@rq/core'
import type { Cluster, Redis } from 'ioredis'

export type ScriptArgument = string | number | Uint8Array

/** A Lua script with the shape of its keys and arguments, as its header declares them. */
export interface Script<Keys extends readonly string[], Args extends readonly ScriptArgument[]> {
  readonly name: string
  readonly sha: string
  readonly keyCount: number
  readonly lua: string
  /** Only for the type checker. */
  readonly '~shape'?: (keys: Keys, args: Args) => void
}

export type Client = Redis | Cluster

/** Keys and arguments as ioredis takes them: bytes as Buffers, a view of the same memory. */
function words(keys: readonly string[], args: readonly ScriptArgument[]): (string | Buffer)[] {
  const list: (string | Buffer)[] = [...keys]
  for (const argument of args) {
    if (typeof argument === 'string') list.push(argument)
    else if (typeof argument === 'number') list.push(String(argument))
    else list.push(Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength))
  }
  return list
}

/**
 * Run a script by its sha; where the server does not know it (restart, failover, SCRIPT FLUSH), send the text.
 * The reply's texts come as Buffers when `bytes` is true.
 */
export async function runScript<Keys extends readonly string[], Args extends readonly ScriptArgument[]>(
  client: Client,
  script: Script<Keys, Args>,
  keys: Keys,
  args: Args,
  bytes = false,
): Promise<unknown> {
  const list = [String(script.keyCount), ...words(keys, args)]
  const send = (command: string, text: string): Promise<unknown> =>
    bytes ? client.callBuffer(command, [text, ...list]) : client.call(command, [text, ...list])
  try {
    return await send('evalsha', script.sha)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return send('eval', script.lua)
  }
}

/** What a pipeline of ioredis has in common with a multi. */
interface PipelineLike {
  eval(script: string, keyCount: number, words: (string | Buffer)[]): unknown
}

/** Append a script to a caller's pipeline, with its text: a pipeline cannot be sent again for an unknown sha. */
export function pipeScript<Keys extends readonly string[], Args extends readonly ScriptArgument[]>(
  pipeline: unknown,
  script: Script<Keys, Args>,
  keys: Keys,
  args: Args,
): void {
  if (!isPipeline(pipeline)) throw invalidOption('pipeline', pipeline, 'an ioredis pipeline or multi')
  pipeline.eval(script.lua, script.keyCount, words(keys, args))
}

function isPipeline(value: unknown): value is PipelineLike {
  return typeof value === 'object' && value !== null && 'exec' in value && 'eval' in value
}
