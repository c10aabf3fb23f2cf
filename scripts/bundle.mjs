import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, posix } from 'node:path'
import { rolldown } from 'rolldown'
import { INCLUDED } from './included.mjs'
import { licenceOf } from './licence-of.mjs'

/**
 * Build the JavaScript of the package in the working directory into `dist`: a CommonJS file for each entry, and files
 * for what several entries need. Each command and each work horse is a process that loads the packages, and Node loads
 * a few files faster than a hundred small ones (ADR 27). Beside each exported entry stands an ES module that exports
 * the same objects, so that both kinds of programs get one instance of each class (ADR 46). Empties `dist` first; tsc
 * writes the type declarations afterwards.
 *
 * Entries are the sources of the package's `exports`, and the arguments (`src/watchdog.ts`). All files are in `dist`
 * itself, so a path relative to `import.meta.url` is right wherever the bundler puts a module.
 */
const { exports, version } = JSON.parse(await readFile('package.json', 'utf8'))
const exported = Object.values(exports).flatMap((target) => target['@rq/source'] ?? [])
const nameOf = (/** @type {string} */ source) => basename(source, '.ts')

const bundle = await rolldown({
  input: Object.fromEntries([...exported, ...process.argv.slice(2)].map((source) => [nameOf(source), source])),
  // Other packages are required, not included: a job must see the same module instances as its work horse. Only the
  // helpers for syntax that Node 20 lacks (`using`) are included, and packages that cannot be required everywhere.
  external: (id, importer) =>
    /^[^./\0]/.test(id) &&
    !/^@oxc-project\/runtime/.test(id) &&
    !INCLUDED.includes(id) &&
    !(importer ?? '').includes('/node_modules/'),
  platform: 'node',
  transform: { target: 'node20.19', define: { RQ_VERSION: JSON.stringify(version) } },
  onLog(level, log) {
    if (level === 'warn') throw new Error(log.message)
  },
})
await rm('dist', { recursive: true, force: true })
const { output } = await bundle.write({
  dir: 'dist',
  format: 'cjs',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()

// The package is `"type": "module"`, for its sources.
await writeFile('dist/package.json', '{ "type": "commonjs" }\n')

const chunks = output.filter((one) => one.type === 'chunk')
for (const source of exported) {
  const name = nameOf(source)
  const names = chunks.find((one) => one.isEntry && one.name === name)?.exports.toSorted() ?? []
  await writeFile(`dist/${name}.mjs`, esModule(name, names))
  await writeFile(`dist/${name}.bundler.mjs`, esModuleForBundlers(name, names))
  // tsc writes the types where the source is.
  const types = posix.relative('src', source).replace(/\.ts$/, '.js')
  const reexport = `export * from './${types}'\n`
  await writeFile(`dist/${name}.d.mts`, reexport)
  if (dirname(types) !== '.') await writeFile(`dist/${name}.d.ts`, reexport)
}

const others = new Set(
  chunks.flatMap((one) => one.moduleIds).flatMap((id) => /^.*\/node_modules\/((@[^/]+\/)?[^/]+)/.exec(id)?.[0] ?? []),
)
const licences = await Promise.all(
  [...others]
    .filter((folder) => !folder.includes('@oxc-project'))
    .sort()
    .map(licenceOf),
)
if (licences.length > 0) await writeFile('dist/INCLUDED-LICENSES.txt', licences.join('\n'))

/**
 * An ES module that exports the same objects as a CommonJS one. Node would first parse the CommonJS file for its names,
 * if this imported it, which takes a third of the start of `rq-cli`.
 * @param {string} name
 * @param {readonly string[]} names
 */
function esModule(name, names) {
  const load = `createRequire(import.meta.url)('./${name}.js')`
  const list = names.map((one) => `  ${one},\n`).join('')
  return `import { createRequire } from 'node:module'\n\n${names.length === 0 ? '' : `export const {\n${list}} = `}${load}\n`
}

/**
 * The same for bundlers, which cannot follow `createRequire`. They find it by their condition `module`.
 * @param {string} name
 * @param {readonly string[]} names
 */
function esModuleForBundlers(name, names) {
  const list = names.map((one) => `  ${one},\n`).join('')
  return names.length === 0 ? `import './${name}.js'\n` : `export {\n${list}} from './${name}.js'\n`
}
