import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPackages } from './check-boundaries.mjs'
import { pnpm, ROOT, run } from './run.mjs'

/** The folder in which `pnpm packed` puts the tarballs. */
const PACKED = join(ROOT, '.packed')

/**
 * Pack every published package, in the form in which it would be published. Build them first.
 * @param {string} destination A folder. Scoped packages go into a folder of their own in it, since `@rq/cli` and
 *   `rq-cli` would have the same file name.
 * @param {string} [root] The folder of the workspace. Default: this one.
 * @returns {Promise<Map<string, string>>} the paths of the tarballs by the names of the packages
 * @throws Error with the output of pnpm.
 */
export async function packAll(destination, root = ROOT) {
  const published = (await readPackages(root)).map(({ manifest }) => manifest).filter((one) => one.private !== true)
  /** @type {Map<string, string>} */
  const tarballs = new Map()
  for (const scoped of [false, true]) {
    const filters = published
      .filter(({ name }) => name.startsWith('@') === scoped)
      .map(({ name }) => `--filter=${name}`)
    const folder = join(destination, scoped ? 'scoped' : 'plain')
    await mkdir(folder, { recursive: true })
    const { ok, stdout, output } = await run(pnpm(...filters, 'pack', '--json', '--pack-destination', folder), {
      cwd: root,
    })
    if (!ok) throw new Error(output)
    for (const { name, filename } of JSON.parse(stdout)) tarballs.set(name, filename)
  }
  return tarballs
}

/**
 * The files by which a project installs packed packages. npm takes the tarballs as arguments; the others would look for
 * the packages that ours depend on in their registry, so they need the place of each.
 * @param {ReadonlyMap<string, string>} tarballs
 * @returns {Record<'package.json' | 'pnpm-workspace.yaml', string>} `package.json` for Bun (`overrides`) and Yarn
 *   (`resolutions`), and for pnpm with its file beside it.
 */
export function projectFiles(tarballs) {
  const places = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]))
  const dependencies = Object.fromEntries(Object.entries(places).filter(([name]) => !name.startsWith('@')))
  const manifest = { private: true, type: 'module', dependencies, overrides: places, resolutions: places }
  const lines = Object.entries(places).map(([name, place]) => `  '${name}': '${place}'\n`)
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'pnpm-workspace.yaml': `overrides:\n${lines.join('')}`,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await run(pnpm('run', 'build'))
  if (!built.ok) throw new Error(built.output)
  await rm(PACKED, { recursive: true, force: true })
  const files = projectFiles(await packAll(PACKED))
  for (const [name, text] of Object.entries(files)) await writeFile(join(PACKED, name), text)
  console.log(`Packed. In a project of yours:
  npm               npm install ${PACKED}/*/*.tgz
  Yarn, Bun, pnpm   copy what ${PACKED}/package.json has, then install
  pnpm, besides     copy what ${PACKED}/pnpm-workspace.yaml has`)
}
