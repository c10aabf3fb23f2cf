import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPackages } from './check-boundaries.mjs'
import { pnpm, ROOT, run } from './run.mjs'

/** Where `pnpm packed` puts the tarballs. */
const PACKED = join(ROOT, '.packed')

/**
 * Pack every package that is published, in the form in which it would be. They must have been built.
 * @param {string} destination A folder. Scoped packages get one of their own in it: `@rq/cli` and `rq-cli` have one file name.
 * @returns {Promise<Map<string, string>>} the paths of the tarballs by the names of the packages
 * @throws Error with what pnpm said.
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
