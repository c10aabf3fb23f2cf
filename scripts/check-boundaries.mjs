import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync, Visitor } from 'oxc-parser'
import { INCLUDED } from './included.mjs'

/** The packages of ours that each package may import. A package that is not in this table is an error. */
const MAY_IMPORT = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  '@rq/core': [],
  '@rq/serializer': ['@rq/core'],
  '@rq/job': ['@rq/core'],
  '@rq/functions': ['@rq/job', '@rq/core'],
  '@rq/webhooks': ['@rq/job', '@rq/core'],
  '@rq/redis': ['@rq/job', '@rq/core'],
  '@rq/queue': ['@rq/functions', '@rq/webhooks', '@rq/serializer', '@rq/job', '@rq/core'],
  '@rq/scheduler': ['@rq/queue', '@rq/job', '@rq/core'],
  '@rq/jobs': ['@rq/queue', '@rq/job', '@rq/core'],
  '@rq/worker': ['@rq/jobs', '@rq/queue', '@rq/functions', '@rq/webhooks', '@rq/serializer', '@rq/job', '@rq/core'],
  rq: [
    '@rq/queue',
    '@rq/jobs',
    '@rq/scheduler',
    '@rq/worker',
    '@rq/redis',
    '@rq/functions',
    '@rq/webhooks',
    '@rq/serializer',
    '@rq/job',
    '@rq/core',
  ],
  '@rq/nestjs': ['rq', '@rq/jobs', '@rq/core'],
  '@rq/cli': ['rq', '@rq/core'],
  'rq-cli': ['@rq/cli', '@rq/core'],
})

/** Packages that only some of ours may import: `types` with `import type`, `nothing` as a peer dependency at most. */
const RESERVED = /** @type {Readonly<Record<string, Readonly<Record<string, 'values' | 'types' | 'nothing'>>>>} */ ({
  ioredis: {
    '@rq/redis': 'values',
    rq: 'types',
    '@rq/nestjs': 'nothing',
    '@rq/cli': 'nothing',
    'rq-cli': 'nothing',
  },
})

/** The folders of published packages, which the rules apply to. Tests, tools and examples may import anything. */
const BOUND = ['packages', 'apps']

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {boolean} [private]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 *
 * @typedef {{ folder: string, manifest: Manifest }} Package
 * @typedef {{ specifier: string, typeOnly: boolean, line: number }} Import
 */

/**
 * Every import and every declared dependency that the table does not allow, as one line each.
 * @param {string} root The workspace.
 * @returns {Promise<string[]>}
 */
export async function checkBoundaries(root) {
  const packages = (await readPackages(root)).filter(({ manifest }) => manifest.private !== true)
  const ours = new Set([...Object.keys(MAY_IMPORT), ...packages.map(({ manifest }) => manifest.name)])
  const complaints = await Promise.all(packages.map((one) => checkPackage(root, one, ours)))
  return complaints.flat()
}

/**
 * @param {string} root
 * @param {Package} one
 * @param {ReadonlySet<string>} ours
 */
async function checkPackage(root, { folder, manifest }, ours) {
  const { name } = manifest
  const allowed = MAY_IMPORT[name]
  if (allowed === undefined) return [`${name} is not in the table of scripts/check-boundaries.mjs`]
  const included = Object.keys(manifest.devDependencies ?? {}).filter((one) => INCLUDED.includes(one))
  const declared = new Set(
    [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies]
      .flatMap((group) => Object.keys(group ?? {}))
      .concat(included),
  )
  const complaints = [...declared]
    .filter((other) => ours.has(other) && !allowed.includes(other))
    .map((other) => `${name} may not depend on ${other}`)
  for (const dependency of declared) {
    if (RESERVED[dependency] !== undefined && RESERVED[dependency][name] === undefined) {
      complaints.push(`${name} may not depend on ${dependency}`)
    }
  }
  for (const file of [...(await sourceFiles(join(folder, 'bin'))), ...(await sourceFiles(join(folder, 'src')))]) {
    for (const found of readImports(file, await readFile(file, 'utf8'))) {
      const complaint = checkImport(found, { name, folder, file, allowed, declared, ours })
      if (complaint !== undefined) complaints.push(`${relative(root, file)}:${found.line}: ${complaint}`)
    }
  }
  return complaints
}

/**
 * @param {Import} found
 * @param {{
 *   name: string,
 *   folder: string,
 *   file: string,
 *   allowed: readonly string[],
 *   declared: ReadonlySet<string>,
 *   ours: ReadonlySet<string>
 * }} from
 * @returns {string | undefined}
 */
function checkImport({ specifier, typeOnly }, { name, folder, file, allowed, declared, ours }) {
  if (specifier.startsWith('.')) {
    const inside = resolve(file, '..', specifier).startsWith(folder + sep)
    return inside ? undefined : `imports ${specifier}, outside of its own package`
  }
  const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (specifier.startsWith('node:') || builtinModules.includes(packageName) || packageName === name) return undefined
  if (ours.has(packageName) && !allowed.includes(packageName)) return `${name} may not import ${packageName}`
  const reserved = RESERVED[packageName]
  if (reserved !== undefined && !['values', 'types'].includes(String(reserved[name]))) {
    return `${name} may not import ${packageName}`
  }
  if (reserved?.[name] === 'types' && !typeOnly) return `${name} may import only types of ${packageName}`
  return declared.has(packageName) ? undefined : `imports ${packageName}, which its package.json does not depend on`
}

/**
 * Static and dynamic imports, re-exports, type imports and `require` of a literal.
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
function readImports(file, text) {
  const { program } = parseSync(file, text)
  /** @type {Import[]} */
  const found = []
  /**
   * @param {{ type: string, start: number, value?: unknown } | null | undefined} source
   * @param {boolean} typeOnly
   */
  const add = (source, typeOnly) => {
    if (source?.type !== 'Literal' || typeof source.value !== 'string') return
    found.push({ specifier: source.value, typeOnly, line: text.slice(0, source.start).split('\n').length })
  }
  new Visitor({
    ImportDeclaration(node) {
      const { importKind, specifiers } = node
      const inlineTypes =
        specifiers.length > 0 && specifiers.every((one) => one.type === 'ImportSpecifier' && one.importKind === 'type')
      add(node.source, importKind === 'type' || inlineTypes)
    },
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source, false),
    TSImportType: (node) => add(node.source, true),
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require') add(node.arguments[0], false)
    },
  }).visit(program)
  return found
}

/**
 * @param {string} root
 * @returns {Promise<Package[]>}
 */
export async function readPackages(root) {
  const found = []
  for (const group of BOUND) {
    const entries = existsSync(join(root, group)) ? await readdir(join(root, group)) : []
    for (const entry of entries.sort()) {
      const folder = join(root, group, entry)
      const path = join(folder, 'package.json')
      if (existsSync(path)) found.push({ folder, manifest: JSON.parse(await readFile(path, 'utf8')) })
    }
  }
  return found
}

/** @param {string} folder */
async function sourceFiles(folder) {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(
      (entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name) && !/\.test\.[cm]?[jt]sx?$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = await checkBoundaries(fileURLToPath(new URL('..', import.meta.url)))
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length > 0) {
    console.error('\nWho may import whom is in scripts/check-boundaries.mjs and docs/architecture.md.')
    process.exitCode = 1
  }
}
