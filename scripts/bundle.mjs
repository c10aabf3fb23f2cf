import { readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * Build the JavaScript of the package in the working directory into `dist`: a file for each entry, and files for what
 * several entries need. Each command and each work horse is a process that loads the packages, and Node loads a few
 * files faster than a hundred small ones (ADR 27). Empties `dist` first; tsc writes the type declarations afterwards.
 *
 * Entries are the sources of the package's `exports`, and the arguments (`src/watchdog.ts`). All files are in `dist`
 * itself, so a path relative to `import.meta.url` is right wherever the bundler puts a module.
 */
const { exports } = JSON.parse(await readFile('package.json', 'utf8'))
const exported = Object.values(exports).flatMap((target) => target['@rq/source'] ?? [])
const entries = [...exported, ...process.argv.slice(2)].map((source) => [basename(source, '.ts'), source])

const bundle = await rolldown({
  input: Object.fromEntries(entries),
  // Other packages are imported, not included: a job must see the same module instances as its work horse. Only the
  // helpers for syntax that Node 20 lacks (`using`) are included.
  external: /^(?!@oxc-project\/runtime)[^./\0]/,
  platform: 'node',
  transform: { target: 'node20.19' },
  onLog(level, log) {
    if (level === 'warn') throw new Error(log.message)
  },
})
await rm('dist', { recursive: true, force: true })
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()
