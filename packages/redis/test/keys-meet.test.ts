import { checkId, checkName, checkQueueName, checkRateLimitKey, checkWorkerName, RESERVED_ENDINGS } from '@rq/core'
import { describe, expect, it } from 'vitest'
import { CHANNELS, KEYS } from './hostile/key-table.ts'

type Check = (name: unknown, option: string) => unknown

/** What checks the names in the keys of the table. */
const CHECKS: Readonly<Record<string, Check>> = {
  q: checkQueueName,
  id: checkId,
  ex: checkId,
  s: checkName,
  c: checkName,
  n: checkName,
  w: checkWorkerName,
  g: checkName,
  k: checkRateLimitKey,
}

/** The names in channels; that of a waiting process is 32 hex digits. */
const CHANNEL_CHECKS: Readonly<Record<string, Check>> = {
  ...CHECKS,
  c: (name) => {
    if (!/^[0-9a-f]{32}$/.test(String(name))) throw new Error('not random')
  },
}

const templates = KEYS.map(({ key }) => key)

/** Names that hold what keys consist of: `x:allowed`, `queue:x`, `:x:dependencies`. */
const NAMES = (() => {
  const words = [...new Set([...templates, ...CHANNELS].flatMap((key) => key.split(/:|<\w+>/)).filter(Boolean)), 'x']
  const endings = [...new Set([...templates].flatMap((key) => /<\w+>:(\w+)$/.exec(key)?.[1] ?? []))]
  const pairs = words.flatMap((first) => [...endings, 'x'].map((second) => `${first}:${second}`))
  const more = words.flatMap((word) => [`:${word}`, `${word}:`, `x:${word}:x`, `:x:${word}`, `x:x:${word}`])
  return [...new Set([...words, ...pairs, ...more, '0'.repeat(32)])]
})()

/** All keys that can be made of the names, each with what made it. Returns those that are made in two ways. */
function meetings(keys: readonly string[], checks: Readonly<Record<string, Check>>): string[] {
  const allowed = new Map(Object.entries(checks).map(([kind, check]) => [kind, NAMES.filter(passes(check))]))
  const makers = new Map<string, string>()
  const found: string[] = []
  for (const template of keys) {
    for (const [key, maker] of made(template, allowed)) {
      const other = makers.get(key)
      if (other === undefined) makers.set(key, maker)
      else found.push(`${key}: ${other} and ${maker}`)
    }
  }
  return found
}

function* made(
  template: string,
  allowed: ReadonlyMap<string, string[]>,
  maker = template,
): Generator<[string, string]> {
  const [hole, kind = ''] = /<(\w+)>/.exec(template) ?? []
  if (hole === undefined) return yield [template, maker]
  // The names of two holes in one key are ids, of which these are enough.
  const names = template.split('<').length > 2 ? ['x', 'dependents', 'jobs'] : (allowed.get(kind) ?? [])
  for (const name of names) yield* made(template.replace(hole, name), allowed, `${maker} of ${name}`)
}

const passes = (check: Check) => (name: string) => {
  try {
    check(name, 'name')
    return true
  } catch {
    return false
  }
}

describe('names that others choose', () => {
  it('make no key twice', () => {
    expect(meetings(templates, CHECKS)).toEqual([])
  })

  it('make no channel twice', () => {
    expect(meetings(CHANNELS, CHANNEL_CHECKS)).toEqual([])
  })

  it('would do so with the endings that are reserved, and only with these', () => {
    const unchecked = Object.fromEntries(Object.keys(CHECKS).map((kind) => [kind, kind === 'id' ? checkId : checkName]))
    const found = meetings(templates, { ...unchecked, ex: checkId })
    const endings = Object.values(RESERVED_ENDINGS).flat()
    for (const ending of endings) expect(found.filter((text) => text.includes(`${ending}: `))).not.toEqual([])
    expect(found.filter((text) => !endings.some((ending) => text.includes(`${ending}: `)))).toEqual([])
  })
})
