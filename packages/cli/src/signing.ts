import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RqError } from '@rq/core'
import type { RequireSignatureOptions, SignOptions } from 'rq'
import { isRecord } from './record.ts'
import type { Settings } from './settings.ts'

/** How the configuration says that jobs are signed: `{ sign }`, for a queue or a cron scheduler. @throws RqError. */
export async function signOption({ config, base }: Settings): Promise<{ sign?: SignOptions }> {
  if (config.sign === undefined) return {}
  return { sign: (await optionsIn(config.sign, 'sign', base)) as unknown as SignOptions }
}

/**
 * Which signatures the configuration accepts: `{ requireSignature }`, for a worker or a pool. The file of `sign` will
 * do.
 * @throws RqError.
 */
export async function requireSignatureOption({
  config,
  base,
}: Settings): Promise<{ requireSignature?: RequireSignatureOptions }> {
  if (config.requireSignature === undefined) return {}
  const { active: _, ...options } = await optionsIn(config.requireSignature, 'requireSignature', base)
  return { requireSignature: options as unknown as RequireSignatureOptions }
}

/** Options, or those in a JSON file. rq checks them. @throws RqError `RQ_CONFIG`, which shows nothing of the file. */
async function optionsIn(given: string | object, setting: string, base: string): Promise<Record<string, unknown>> {
  if (typeof given === 'object') return { ...given }
  let why = 'it holds no JSON object'
  try {
    const read: unknown = JSON.parse(await readFile(resolve(base, given), 'utf8'))
    if (isRecord(read)) return read
  } catch (error) {
    why = (error as NodeJS.ErrnoException).code ?? why
  }
  throw new RqError('RQ_CONFIG', `Cannot read the file of ${setting}, ${given}: ${why}. Expected { "keys": { ... } }.`)
}
