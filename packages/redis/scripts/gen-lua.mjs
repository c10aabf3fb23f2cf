#!/usr/bin/env node
// Turns lua/*.lua into one typed TypeScript module: for each script its text, its sha, and the types that its header
// declares. With --check it writes nothing, and fails when the checked-in module is not what it would write.
//
// A header has these lines:
//   --- What the script does.
//   -- @key <name> <Redis type> <example> [description]
//   -- @arg <name> <type> [description]       type: see ARGUMENT_TYPES; `name...` for any number of them, at the end
//   -- @reply {<type>} [description]          type: TypeScript, with the words of REPLY_TYPES
//   -- @include <file>                        defines the functions of that file here: in the header for the whole
//                                             script, further down for what follows
//   -- @lazy <file> <function>...             the same, but only when one of these functions is called
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const luaDir = join(root, 'lua')
const target = join(root, 'src', 'connection', 'scripts.generated.ts')

/** @type {Readonly<Record<string, string>>} What a caller gives for an argument of each type. */
const ARGUMENT_TYPES = {
  int: 'number',
  float: 'number',
  string: 'string',
  flag: 'boolean',
  bytes: 'string | Uint8Array',
  packed: 'Uint8Array',
  value: 'ScriptArgument',
  empty: "''",
}

/**
 * @type {Readonly<Record<string, string>>} Words in the type of a reply. With `bytes` in it, all of its strings come as
 * Buffers.
 */
const REPLY_TYPES = { int: 'number', flag: '0 | 1', bytes: 'Buffer' }

/** @param {string} name */
const read = (name) => readFileSync(join(luaDir, `${name}.lua`), 'utf8')

/** @param {string} name */
const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())

/** @param {string} name of a library: lib/time */
const constant = (name) => name.replace('/', '_').toUpperCase()

/** A part of a script: a library, by its name, or Lua text. @typedef {{ library: string } | { text: string }} Part */

/** Lua without comments and empty lines. @param {string} text */
function codeOf(text) {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#!') && !/^\s*--/.test(line) && line.trim() !== '')
    .join('\n')
}

/** A line that includes a library: how, its name, and for a lazy one its functions. */
const INCLUDE = /^-- @(include|lazy) (\S+)(?: (.+))?$/m

/**
 * A file's code with everything that it includes, each library once, where it is included. Only a script may include
 * something between its lines of code.
 * @param {string} name
 * @param {Set<string>} seen
 * @returns {Part[]}
 */
function assemble(name, seen = new Set()) {
  if (seen.has(name)) return []
  seen.add(name)
  const isLibrary = name.startsWith('lib/')
  // Each section but the first begins with an include.
  const sections = read(name).split(/^(?=-- @(?:include|lazy) )/m)
  return sections.flatMap((section, at) => {
    const code = codeOf(section)
    if (isLibrary && code !== '' && at < sections.length - 1) {
      throw new Error(`${name}.lua: a library includes others in its header only`)
    }
    const own = isLibrary ? { library: name } : { text: code }
    return [...included(section, seen), ...(code === '' ? [] : [own])]
  })
}

/** The code that a section's first line includes, if it does. @param {string} section @param {Set<string>} seen */
function included(section, seen) {
  const [, kind, name = '', functions = ''] = INCLUDE.exec(section) ?? []
  if (kind === 'include') return assemble(name, seen)
  return kind === 'lazy' ? assembleLazy(name, functions.split(' '), seen) : []
}

/**
 * A library whose functions are made when one of those in `names` is called. Redis makes the functions of a script at
 * every call of it, and making one costs as much as a small command.
 * @param {string} name
 * @param {readonly string[]} names
 * @param {ReadonlySet<string>} seen
 * @returns {Part[]}
 */
function assembleLazy(name, names, seen) {
  const all = names.join(', ')
  const make = `make_${name.replace('lib/', '')}`
  const stubs = names.map((one) => `function ${one}(...)\n  ${all} = ${make}()\n  return ${one}(...)\nend`)
  return [
    { text: `local ${all}\nlocal function ${make}()` },
    ...assemble(name, new Set(seen)),
    { text: [`return ${all}`, 'end', ...stubs].join('\n') },
  ]
}

/** The type at the beginning of `{...} description`, and the description. @param {string} text */
function splitBraces(text) {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return { type: text.slice(1, at), description: text.slice(at + 1).trim() }
  }
  throw new Error(`no closing brace: ${text}`)
}

/** The lines of a tag, each with the lines that continue it. @param {string} text @param {string} tag */
function tags(text, tag) {
  return [...text.matchAll(new RegExp(`^-- @${tag} (.+(?:\\n--  .+)*)`, 'gm'))].map(([, line = '']) =>
    line.replace(/\n--\s+/g, ' '),
  )
}

/** @param {string} name */
function describe(name) {
  const text = read(name)
  /** @param {string} problem */
  const fail = (problem) => {
    throw new Error(`${name}.lua: ${problem}`)
  }
  const shebang = /^#!lua.*$/m.exec(text)?.[0] ?? ''
  if (shebang === '' || !text.startsWith(shebang)) fail('the first line must be #!lua')
  const summary = /^--- (.+(?:\n-- (?!@).+)*)/m.exec(text)?.[1]?.replace(/\n--\s+/g, ' ')
  if (summary === undefined) fail("a line '--- What it does.' is missing")
  const keys = tags(text, 'key').map((line) => {
    const [key = '', , example = ''] = line.split(/\s+/)
    if (!example.startsWith('rq:')) fail(`@key ${key}: name, type and an example are expected`)
    return { name: key, example }
  })
  const args = tags(text, 'arg').map((line) => {
    const [arg = '', words = ''] = line.split(/\s+/)
    const types = words.split('|').map((word) => ARGUMENT_TYPES[word] ?? fail(`@arg ${arg}: unknown type ${word}`))
    const type = types.join(' | ')
    if (!arg.endsWith('...')) return `${arg}: ${type}`
    return `...${arg.slice(0, -3)}: ${type.includes('|') ? `(${type})` : type}[]`
  })
  const [reply] = tags(text, 'reply')
  if (!reply?.startsWith('{')) return fail("a line '-- @reply {type} ...' is missing")
  const { type, description } = splitBraces(reply)
  const replyType = type.replace(/\b(?:int|flag|bytes)\b/g, (word) => REPLY_TYPES[word] ?? word)
  const parts = assemble(name)
  return { name, shebang, summary, keys, args, replyType, inBytes: /\bbytes\b/.test(type), description, parts }
}

/** @param {string} text */
function template(text) {
  if (/`|\$\{/.test(text)) throw new Error(`not for a template: ${text}`)
  return `String.raw\`${text}\``
}

/** @param {ReturnType<typeof describe>} script */
function emit(script) {
  const { name, shebang, summary, keys, args, replyType, inBytes, description, parts } = script
  const text = parts.map((part) => ('library' in part ? codeOf(read(part.library)) : part.text))
  const lua = `${[shebang, ...text].join('\n')}\n`
  const pieces = [shebang, ...parts.map((part) => ('library' in part ? part.library : part.text))]
  const literals = pieces.map((piece, at) => {
    const part = parts[at - 1]
    return part !== undefined && 'library' in part ? constant(piece) : template(piece)
  })
  return `/**
 * ${summary}
 *
 * Keys: ${keys.map(({ name: key, example }) => `${key} (${example})`).join(', ')}
 *
 * Reply: ${description}
 */
export const ${camel(name)}: Script<
  [${keys.map((key) => `${key.name}: string`).join(', ')}],
  [
${args.map((arg) => `    ${arg},\n`).join('')}  ],
  ${replyType}
> = {
  name: '${name}',
  sha: '${createHash('sha1').update(lua).digest('hex')}',
  keyCount: ${keys.length},
  repliesInBytes: ${inBytes},
  lua: joined(
${literals.map((literal) => `    ${literal},\n`).join('')}  ),
}
`
}

const scripts = readdirSync(luaDir)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => describe(file.slice(0, -4)))
const libraries = readdirSync(join(luaDir, 'lib')).map((file) => `lib/${file.slice(0, -4)}`)
const used = new Set(scripts.flatMap(({ parts }) => parts.flatMap((part) => ('library' in part ? [part.library] : []))))
const unused = libraries.filter((name) => !used.has(name))
if (unused.length > 0) throw new Error(`no script includes ${unused.join(', ')}`)

const output = `// Written by scripts/gen-lua.mjs from lua/*.lua; change those and run \`pnpm gen:lua\`.
import type { Script, ScriptArgument } from './script.ts'

/** The text of a script, from its parts. */
function joined(...parts: readonly string[]): string {
  return \`\${parts.join('\\n')}\\n\`
}

${libraries.map((name) => `const ${constant(name)} = ${template(codeOf(read(name)))}\n`).join('\n')}
${scripts.map(emit).join('\n')}`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== output) {
    process.stderr.write('src/connection/scripts.generated.ts is not what lua/*.lua gives: run `pnpm gen:lua`.\n')
    process.exit(1)
  }
} else {
  writeFileSync(target, output)
}
