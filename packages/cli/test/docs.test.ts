import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/commands.ts'
import { run } from './memory-host.ts'

const PAGE = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

/** What help says of the commands, and of the flags of one: `-q, --queue <name>`. */
async function commandsInHelp(): Promise<string[]> {
  const { out } = await run(['--help'])
  const [, commands = ''] = /^Commands:\n(.*?)\n\n/ms.exec(out) ?? []
  return [...commands.matchAll(/^ {2}(\S+(?: [<[][^ \n]+)*)/gm)].map(([, call = '']) => call)
}

async function flagsInHelp(words: readonly string[], title: string): Promise<string[]> {
  const { out } = await run([...words, '--help'])
  const [, flags = ''] = new RegExp(`^${title}:\\n(.*?)\\n\\n`, 'ms').exec(`${out}\n\n`) ?? []
  return [...flags.matchAll(/^ {2,6}((?:-\w, )?--[\w-]+(?: [<[]\w+[>\]])?)/gm)].map(([, flag = '']) => flag)
}

/** The rows of the table of commands: the first cell, and what stands in backticks in the second. */
const ROWS = new Map(
  [...PAGE.matchAll(/^\| `([^`]+)` \| ((?:`[^`]+`(?:, )?|–)*) \|$/gm)].map(([, call = '', flags = '']) => [
    call,
    [...flags.matchAll(/`([^`]+)`/g)].map(([, flag = '']) => flag),
  ]),
)

describe('docs/cli.md', () => {
  test('has the commands of --help, and no others', async () => {
    const commands = await commandsInHelp()
    expect(commands).toHaveLength(COMMANDS.length)
    expect([...ROWS.keys()]).toEqual([...commands, 'all commands'])
  })

  test.each(COMMANDS)('has the flags of $name --help, and no others', async ({ name, flags }) => {
    const found = await flagsInHelp([name], 'Options')
    expect(found).toHaveLength(Object.keys(flags).length)
    const [call = ''] = [...ROWS.keys()].filter((row) => row.split(' ')[0] === name)
    expect(ROWS.get(call)).toEqual(found)
  })

  test('has the flags of all commands, and no others', async () => {
    expect(ROWS.get('all commands')).toEqual(await flagsInHelp(['info'], 'Options of all commands'))
  })

  test('names only existing flags elsewhere', () => {
    const known = new Set([...ROWS.values()].flat().flatMap((flag) => flag.match(/--[\w-]+/g) ?? []))
    const named = new Set(PAGE.match(/(?<![\w-])--[a-z][\w-]*/g))
    expect([...named].filter((flag) => !known.has(flag) && !/^--no-(?:color|config|scheduler)$/.test(flag))).toEqual([])
  })
})
