import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as scripts from '../src/connection/scripts.generated.ts'
import { CHANNELS, KEYS } from './hostile/key-table.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../../docs/redis-schema.md')
/** Every word in backticks: `rq:queue:<q>`, `enqueue`. */
const words = new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word))
const luaFiles = (folder: string): string[] =>
  readdirSync(new URL(folder, import.meta.url)).filter((name) => name.endsWith('.lua'))

/** How keys begin in the scripts and in the builders of keys: `job:`, `rl-keys`; and how they end: `:dependents`. */
function keysInSources(): { beginnings: string[]; endings: string[] } {
  const lua = ['../lua/', '../lua/lib/'].flatMap((folder) => luaFiles(folder).map((name) => read(`${folder}${name}`)))
  const builders = read('../src/keys.ts')
  const registries = /REGISTRY_WORDS[^{]*= \{([^}]*)\}/.exec(builders)?.[1] ?? ''
  const beginnings = [
    ...lua.flatMap((text) => [...text.matchAll(/\bprefix \.\. '([^']+)'/g)]),
    ...builders.matchAll(/(?:`\$\{(?:this\.)?prefix\})([^`$]+)/g),
  ].map(([, word = '']) => word)
  const endings = [
    ...lua.flatMap((text) => [...text.matchAll(/\.\. '(:[a-z_]+)'/g)]),
    ...builders.matchAll(/\}(:[a-z_]+)`/g),
  ].map(([, word = '']) => word)
  const zsets = [...registries.matchAll(/'(\w+)'/g)].map(([, word]) => `${word}:`)
  return { beginnings: [...new Set([...beginnings, ...zsets])], endings: [...new Set(endings)] }
}

describe('docs/redis-schema.md', () => {
  const keys = [...words].filter((word) => word.startsWith('rq:'))
  const { beginnings, endings } = keysInSources()

  it('lists every key that the code makes', () => {
    expect(beginnings.length).toBeGreaterThan(30)
    expect(endings.length).toBeGreaterThan(5)
    const isListed = (word: string): boolean =>
      keys.some((key) => key.startsWith(`rq:${word}`) && (word.endsWith(':') || key === `rq:${word}`))
    expect(beginnings.filter((word) => !isListed(word))).toEqual([])
    expect(endings.filter((word) => !keys.some((key) => key.endsWith(`>${word}`)))).toEqual([])
  })

  it('lists no key that nothing makes', () => {
    const isMade = (key: string): boolean => beginnings.some((word) => key.startsWith(`rq:${word}`))
    expect(keys.filter((key) => key !== 'rq:' && !isMade(key))).toEqual([])
  })

  it('lists the keys that hostile-keys spoils, with their types', () => {
    const table = page.slice(page.indexOf('| key |'), page.indexOf('Channels: '))
    const rows = [...table.matchAll(/^\| (`rq:[^|]+) \| ([^|]+) \|/gm)].flatMap(([, cell = '', types = '']) => {
      const kinds = types.split(', ')
      return [...cell.matchAll(/`([^`]+)`/g)].map(([, key], at) => `${key} ${kinds[at] ?? kinds.at(-1)}`)
    })
    expect(KEYS.map(({ key, type }) => `${key} ${type}`).sort()).toEqual(rows.sort())
  })

  it('lists the channels that are known not to meet', () => {
    const paragraph = page.slice(page.indexOf('Channels: '), page.indexOf('## The job hash'))
    const named = [...paragraph.matchAll(/`(rq:[^`]+)`/g)].map(([, channel]) => channel)
    expect([...CHANNELS].sort()).toEqual(named.sort())
  })

  it('lists every script, and no other', () => {
    const scripts = luaFiles('../lua/').map((name) => name.replace('.lua', ''))
    const table = page.slice(page.indexOf('| script |'), page.indexOf('Scripts that a worker needs'))
    const rows = [...table.matchAll(/^\| (`[^|]+)\|/gm)].map(([, cell = '']) => cell)
    const listed = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))
    expect(listed.sort()).toEqual(scripts.sort())
  })
})

describe('scripts', () => {
  it.each(Object.values(scripts))('$name has the sha that it is called by', ({ lua, sha }) => {
    expect(createHash('sha1').update(lua).digest('hex')).toBe(sha)
  })
})
