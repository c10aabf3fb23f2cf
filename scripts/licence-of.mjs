import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The name, version and licence of an installed package, as text to ship with a copy of its code.
 * @param {string} folder
 * @returns {Promise<string>}
 * @throws Error when it has no licence file.
 */
export async function licenceOf(folder) {
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one))
  if (file === undefined) throw new Error(`${name} has no licence file to ship with its code`)
  return `${name} ${version}\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`
}
