import { invalidOption, RqError } from '@rq/core'

/**
 * The environment of horses in processes and threads:
 * - `inherit`: that of the worker;
 * - `clean`: only variables that hold no secrets;
 * - an object: exactly these variables.
 */
export type HorseEnv = 'inherit' | 'clean' | Readonly<Record<string, string>>

export const HORSE_ENVS = ['inherit', 'clean'] as const

/** What a program needs of its environment to find files, and to speak, count hours and start as the worker does. */
const CLEAN = /^(?:PATH|HOME|USER|TMPDIR|TZ|LANG|LC_\w+|NODE_ENV|NODE_OPTIONS|NODE_EXTRA_CA_CERTS)$/

/** @throws RqError `RQ_INVALID_OPTION`, which shows no value of a variable. */
export function checkHorseEnv(value: unknown, option: string): HorseEnv {
  if (value === 'inherit' || value === 'clean') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption(option, value, "'inherit', 'clean', or an object of variables")
  }
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string') continue
    const message = `Invalid ${option}: the variable ${name} is no string. Leave it out, or write it as a string.`
    throw new RqError('RQ_INVALID_OPTION', message, { details: { option } })
  }
  return value as HorseEnv
}

/** The environment of a horse. Undefined: that of the worker. */
export function variablesOf(horseEnv: HorseEnv, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv | undefined {
  if (horseEnv === 'inherit') return undefined
  if (horseEnv !== 'clean') return { ...horseEnv }
  return Object.fromEntries(Object.entries(own).filter(([name]) => CLEAN.test(name)))
}
