import { invalidOption } from '@rq/core'
import { type Cluster, Redis } from 'ioredis'
import { ScriptCommand } from './script-command.ts'

/** What a script can be given. A boolean arrives as `'1'` or `'0'`, a number as its digits. */
export type ScriptArgument = string | number | boolean | Uint8Array

/** A Lua script with the types of its keys, its arguments and its reply, as its header declares them. */
export interface Script<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply> {
  readonly name: string
  readonly sha: string
  readonly keyCount: number
  /** Whether the strings of the reply are Buffers. */
  readonly repliesInBytes: boolean
  readonly lua: string
  /** Only for the type checker. */
  readonly '~shape'?: (keys: Keys, args: Args) => Reply
}

/** What a script replies, as its header declares it. */
export type ReplyOf<S> = S extends Script<never, never, infer Reply> ? Reply : never

/** The keys and the arguments of a script. */
export type WordsOf<S> = S extends Script<infer Keys, infer Args, unknown> ? [keys: Keys, args: Args] : never

export type Client = Redis | Cluster

/** Keys and arguments as ioredis takes them: bytes as Buffers, a view of the same memory. */
function words(keys: readonly string[], args: readonly ScriptArgument[]): (string | Buffer)[] {
  const list: (string | Buffer)[] = [...keys]
  for (const argument of args) {
    if (typeof argument === 'string') list.push(argument)
    else if (typeof argument === 'number') list.push(String(argument))
    else if (typeof argument === 'boolean') list.push(argument ? '1' : '0')
    else list.push(Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength))
  }
  return list
}

/** An argument of this length is not sent twice: beside it, the text of a script costs nothing. */
const LARGE = 1024 * 1024

function isLarge(word: string | Buffer): boolean {
  return word.length >= LARGE
}

/**
 * Run a script by its sha. If the server does not know it (restart, failover, SCRIPT FLUSH), send its text. A large
 * argument goes with the text at once.
 */
export function runScript<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
  client: Client,
  script: Script<Keys, Args, Reply>,
  keys: Keys,
  args: Args,
): Promise<Reply> {
  const list = words(keys, args)
  // The one place where a reply is taken to be what the script's header declares.
  const sendText = () => send(client, script, 'eval', script.lua, list) as Promise<Reply>
  if (list.some(isLarge)) return sendText()
  const sent = (
    client instanceof Redis
      ? client.sendCommand(new ScriptCommand(script, list))
      : send(client, script, 'evalsha', script.sha, list)
  ) as Promise<Reply>
  return sent.catch((error: unknown) => {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return sendText()
  })
}

function send(
  client: Client,
  { keyCount, repliesInBytes }: Script<never, never, unknown>,
  command: string,
  text: string,
  list: readonly (string | Buffer)[],
): Promise<unknown> {
  const all = [text, String(keyCount), ...list]
  return repliesInBytes ? client.callBuffer(command, all) : client.call(command, all)
}

/** What a pipeline of ioredis has in common with a multi. */
interface PipelineLike {
  eval(script: string, keyCount: number, words: (string | Buffer)[]): unknown
}

/**
 * Append a script to a caller's pipeline. Sends its text: a pipeline cannot be sent again when the server does not know
 * the sha.
 */
export function pipeScript<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
  pipeline: unknown,
  script: Script<Keys, Args, Reply>,
  keys: Keys,
  args: Args,
): void {
  if (!isPipeline(pipeline)) throw invalidOption('pipeline', pipeline, 'an ioredis pipeline or multi')
  pipeline.eval(script.lua, script.keyCount, words(keys, args))
}

function isPipeline(value: unknown): value is PipelineLike {
  return typeof value === 'object' && value !== null && 'exec' in value && 'eval' in value
}
