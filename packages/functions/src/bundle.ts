import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What esbuild, webpack, Turbopack and Rollup's CommonJS plugin write around the modules in one file. */
const MARKS =
  /__webpack_require__|__turbopack_|\bTURBOPACK\b|\b__commonJS\w*\(|\b__toCommonJS\(|\b__esm\(|\bgetDefaultExportFromCjs\b/
/** The lines that esbuild and Rolldown write above each module. */
const MODULE_LINE = /^\/\/(?:#region)? (?:\.{0,2}\/)?[\w@.-]+(?:\/[\w@.-]+)*\.[cm]?[jt]sx?$/gm
/** A folder such as `.next` or `.output`. */
const HIDDEN_FOLDER = /(?:^|[\\/])\.(?!\.?[\\/])[^\\/]+[\\/]/
const LONGEST_MAP = 20_000_000

/**
 * Whether a file holds several modules, as bundlers write them. No module of the source is left there for a reference
 * to name. Seen by the folder (`.next`), by the source map, or by the text. What is minified counts as a bundle: it
 * was made from source files, and the names in it are not theirs.
 */
export async function isBundle(file: string, sourceMapUrl: string): Promise<boolean> {
  if (HIDDEN_FOLDER.test(relative(process.cwd(), file))) return true
  const text = await readFile(file, 'utf8').catch(() => '')
  if (MARKS.test(text) || isMinified(text) || (text.match(MODULE_LINE)?.length ?? 0) > 1) return true
  return (await sourcesOf(file, sourceMapUrl)) > 1
}

/** Lines of code that people write are shorter on average. */
const MINIFIED_LINE = 200

function isMinified(text: string): boolean {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('//#'))
  const length = lines.reduce((sum, line) => sum + line.length, 0)
  return lines.length > 0 && length / lines.length >= MINIFIED_LINE
}

/** The number of files that a source map lists; 0 when it cannot be read. */
async function sourcesOf(file: string, sourceMapUrl: string): Promise<number> {
  if (sourceMapUrl === '') return 0
  try {
    const { sources } = JSON.parse(await mapText(file, sourceMapUrl))
    return Array.isArray(sources) ? sources.length : 0
  } catch {
    return 0
  }
}

async function mapText(file: string, sourceMapUrl: string): Promise<string> {
  if (sourceMapUrl.length > LONGEST_MAP) return ''
  const [, base64] = /^data:application\/json;.*?base64,(.*)$/.exec(sourceMapUrl) ?? []
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString()
  return readFile(fileURLToPath(new URL(sourceMapUrl, pathToFileURL(file))), 'utf8')
}
