import { access } from 'node:fs/promises'
import { join } from 'node:path'

const EXTENSION = /\.[cm]?[jt]s$/
const WORD = /^[\p{ID_Continue}$-]+$/u
const EXTENSIONS = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'] as const

/**
 * The reference for a function as the user wrote it. A module may be written as a file (`path/to/file.js` is
 * `./path/to/file`). A single word is a module if one of `folders` contains a file of that name, else the name of a
 * function that the worker has registered.
 */
export async function functionName(given: string, folders: readonly string[]): Promise<string> {
  if (given.includes('#') || given.startsWith('@')) return given
  if (given.includes('/') || EXTENSION.test(given)) {
    const path = given.replace(/^\.\//, '').replace(EXTENSION, '')
    return /^(?!\.\.?\/|\/)./.test(path) ? `./${path}` : given
  }
  return WORD.test(given) && (await isModule(given, folders)) ? `./${given}` : given
}

async function isModule(name: string, folders: readonly string[]): Promise<boolean> {
  const files = folders.flatMap((folder) => EXTENSIONS.map((extension) => join(folder, `${name}.${extension}`)))
  const found = await Promise.allSettled(files.map((file) => access(file)))
  return found.some(({ status }) => status === 'fulfilled')
}
