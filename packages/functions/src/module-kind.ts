import { readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import process from 'node:process'

const MODULE_SYNTAX = /^\s*(?:import|export)\b|\bimport\.meta\b|^\s*(?:(?:const|let|var)\s.*=\s*)?await\s/m

/**
 * Whether Node.js takes a JavaScript file for CommonJS, as far as that is certain: not where a loader may decide, as
 * for TypeScript, nor in a file without a type that may have the syntax of an ES module.
 */
export async function isCommonJs(file: string): Promise<boolean> {
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return false
  const extension = extname(file)
  if (extension === '.cjs') return true
  if (extension !== '.js') return false
  const type = await packageType(dirname(file))
  if (type !== undefined) return type === 'commonjs'
  const text = await readFile(file, 'utf8').catch(() => '')
  return text !== '' && !MODULE_SYNTAX.test(text)
}

/** The `type` of the nearest package.json. */
async function packageType(folder: string): Promise<unknown> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (text !== undefined) {
    try {
      return JSON.parse(text).type
    } catch {
      return undefined
    }
  }
  return folder === dirname(folder) ? undefined : packageType(dirname(folder))
}
