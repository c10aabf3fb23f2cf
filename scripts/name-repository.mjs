import { readFile, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { readPackages } from './check-boundaries.mjs'
import { ROOT } from './run.mjs'

/**
 * Write the address of the repository into the package.json of every published package. A release does it, since npm
 * compares the address with that of the provenance; in the repository itself it would be wrong in each fork.
 * @param {string} root The workspace.
 * @param {string} url `https://host/owner/name`
 * @throws Error for another URL.
 */
export async function nameRepository(root, url) {
  if (!/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(url)) {
    throw new Error(`Not the address of a repository: ${url}, expected https://host/owner/name`)
  }
  for (const { folder, manifest } of await readPackages(root)) {
    if (manifest.private === true) continue
    const path = join(folder, 'package.json')
    const directory = relative(root, folder).split(sep).join('/')
    const named = {
      ...JSON.parse(await readFile(path, 'utf8')),
      repository: { type: 'git', url: `git+${url}.git`, directory },
      homepage: `${url}#readme`,
      bugs: `${url}/issues`,
    }
    await writeFile(path, `${JSON.stringify(named, null, 2)}\n`)
  }
}

if (import.meta.filename === process.argv[1]) await nameRepository(ROOT, process.argv[2] ?? '')
