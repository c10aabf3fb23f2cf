import { mkdir, rm } from 'node:fs/promises'
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
 * @returns {Promise<Map<string, string>>} the paths of the tarballs by the names of the packages
 * @throws Error with the output of pnpm.
 */
export async function packAll(destination) {
  const published = (await readPackages(ROOT)).map(({ manifest }) => manifest).filter((one) => one.private !== true)
  /** @type {Map<string, string>} */
  const tarballs = new Map()
  for (const scoped of [false, true]) {
    const filters = published
      .filter(({ name }) => name.startsWith('@') === scoped)
      .map(({ name }) => `--filter=${name}`)
    const folder = join(destination, scoped ? 'scoped' : 'plain')
    await mkdir(folder, { recursive: true })
    const { ok, stdout, output } = await run(pnpm(...filters, 'pack', '--json', '--pack-destination', folder))
    if (!ok) throw new Error(output)
    for (const { name, filename } of JSON.parse(stdout)) tarballs.set(name, filename)
  }
  return tarballs
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await run(pnpm('run', 'build'))
  if (!built.ok) throw new Error(built.output)
  await rm(PACKED, { recursive: true, force: true })
  await packAll(PACKED)
  console.log(`Packed. In a project of yours: npm install ${PACKED}/*/*.tgz`)
}
