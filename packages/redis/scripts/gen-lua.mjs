#!/usr/bin/env node
// Turns lua/*.lua into one typed TypeScript module: text with its includes, sha, and what the header says.
// With --check it writes nothing and fails when the checked-in module is not what it would write.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const luaDir = join(root, 'lua')
const target = join(root, 'src', 'connection', 'scripts.generated.ts')

/** The text of a file, after all that it includes; each file only once. */
function assemble(name, seen = new Set()) {
  if (seen.has(name)) return ''
  seen.add(name)
  const text = readFileSync(join(luaDir, `${name}.lua`), 'utf8')
  const first = [...text.matchAll(/^-- @(?:first|include) (\S+)$/gm)].map(([, other]) => assemble(other, seen))
  const lazy = [...text.matchAll(/^-- @lazy (\S+) (.+)$/gm)].map(([, other, names]) =>
    assembleLazy(other, names.split(' '), seen),
  )
  const code = text
    .split('\n')
    .filter((line) => !line.startsWith('#!') && !/^\s*--/.test(line) && line.trim() !== '')
    .join('\n')
  return [...first, ...lazy, code].filter((part) => part !== '').join('\n')
}

/**
 * A file whose functions are made when the first of those that are `names` is called. To make a function costs Redis as much as a
 * small command, and a script makes all of its functions at each call.
 */
function assembleLazy(name, names, seen) {
  const all = names.join(', ')
  const make = `make_${name.replace('lib/', '')}`
  const stubs = names.map((one) => `function ${one}(...)\n${all} = ${make}()\nreturn ${one}(...)\nend`)
  return [
    `local ${all}`,
    `local function ${make}()`,
    assemble(name, new Set(seen)),
    `return ${all}`,
    'end',
    ...stubs,
  ].join('\n')
}

function describe(name) {
  const text = readFileSync(join(luaDir, `${name}.lua`), 'utf8')
  const shebang = /^#!lua.*$/m.exec(text)?.[0]
  if (shebang === undefined || !text.startsWith(shebang)) throw new Error(`${name}.lua: the first line must be #!lua`)
  const summary = /^--- (.+)$/m.exec(text)?.[1]
  if (summary === undefined) throw new Error(`${name}.lua: a line '--- What it does.' is missing`)
  const keys = [...text.matchAll(/^-- @key (\S+)/gm)].map((match) => match[1])
  const args = [...text.matchAll(/^-- @arg (\S+)/gm)].map((match) => match[1])
  const reply = /^-- @reply (.+)$/m.exec(text)?.[1]
  if (reply === undefined) throw new Error(`${name}.lua: a line '-- @reply ...' is missing`)
  const lua = `${shebang}\n${assemble(name)}\n`
  return { name, summary, keys, args, reply, lua, sha: createHash('sha1').update(lua).digest('hex') }
}

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
const tuple = (names, type) =>
  `[${names
    .map((name) => (name.endsWith('...') ? `...${name.slice(0, -3)}: ${type}[]` : `${name}: ${type}`))
    .join(', ')}]`

function emit(script) {
  return `/**
 * ${script.summary}
 *
 * Reply: ${script.reply}
 */
export const ${camel(script.name)}: Script<${tuple(script.keys, 'string')}, ${tuple(script.args, 'ScriptArgument')}> = {
  name: '${script.name}',
  sha: '${script.sha}',
  keyCount: ${script.keys.length},
  lua: ${JSON.stringify(script.lua)},
}
`
}

const names = readdirSync(luaDir)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.slice(0, -4))
  .sort()
const output = `// Written by scripts/gen-lua.mjs from lua/*.lua; change those and run \`pnpm gen:lua\`.
import type { Script, ScriptArgument } from './script.ts'

${names.map((name) => emit(describe(name))).join('\n')}`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== output) {
    process.stderr.write('src/connection/scripts.generated.ts is not what lua/*.lua gives: run `pnpm gen:lua`.\n')
    process.exit(1)
  }
} else {
  writeFileSync(target, output)
}
