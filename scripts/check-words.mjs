import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { ROOT, run } from './run.mjs'

const WIDEST = 120
/** Words of stilted comments. Name the subject, and use the verb that is meant: log, report, return, ask. */
const STILTED = /\b(?:told|tells?|nobody|somebody|whoever|for ever)\b/i

/**
 * The comments of a source file that are too wide, or hold a word of the list: a line for each.
 * @param {string} file Its name ends with `.lua`, or with an extension of JavaScript or TypeScript.
 * @param {string} text
 * @returns {string[]}
 */
export function checkWords(file, text) {
  const lines = text.split('\n')
  return commentLines(file, text).flatMap(({ number, comment }) => {
    const width = lines[number - 1]?.length ?? 0
    const word = STILTED.exec(comment)?.[0]
    return [
      ...(width > WIDEST ? [`${file}:${number}: a comment of ${width} columns, at most ${WIDEST} are allowed`] : []),
      ...(word === undefined ? [] : [`${file}:${number}: '${word}' in a comment, say it more directly`]),
    ]
  })
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {{ number: number, comment: string }[]}
 */
function commentLines(file, text) {
  if (file.endsWith('.lua')) {
    return text.split('\n').flatMap((line, index) => {
      const comment = /(?:^|\s)--.*/.exec(line)?.[0]
      return comment === undefined ? [] : [{ number: index + 1, comment }]
    })
  }
  return parseSync(file, text).comments.flatMap(({ start, value }) => {
    const first = text.slice(0, start).split('\n').length
    return value.split('\n').map((comment, index) => ({ number: first + index, comment }))
  })
}

if (import.meta.filename === process.argv[1]) {
  const { ok, output, stdout } = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'])
  if (!ok) throw new Error(output)
  const files = stdout
    .split('\n')
    .filter(
      (file) => /\.(?:[cm]?[jt]s|lua)$/.test(file) && !file.includes('.generated.') && existsSync(join(ROOT, file)),
    )
  const complaints = files.flatMap((file) => checkWords(file, readFileSync(join(ROOT, file), 'utf8')))
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
