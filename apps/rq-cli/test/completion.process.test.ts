import { spawnSync } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnProcess, type TempDir, tempDir } from '@rq/testkit'
import { beforeAll, describe, expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../bin/rq-cli.js', import.meta.url))

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** What bash would offer for a line that was typed so far: completion is a function over its variables. */
const BASH = `
set -u
source <(rq-cli completion bash)
complete -p rq-cli rq
offer() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _rq_cli_completions
  echo "$* [$(IFS=' '; echo "\${COMPREPLY[*]}")]"
}
offer rq-cli requ
offer rq wor
offer rq-cli worker --bur
offer rq-cli worker --horse ''
offer rq-cli info ''
offer rq-cli enqueue path.to.
`

/** Like for bash. zsh passes the descriptions to a function of its own, in the array that it names. */
const ZSH = `
autoload -U compinit && compinit -u -d "$PWD/dump"
eval "$(rq-cli completion zsh)"
echo "\${_comps[rq-cli]} \${_comps[rq]}"
_describe() { local -a given; given=("\${(@P)2}"); echo "\${(j: | :)given}" }
_default() { echo default }
offer() { words=("$@") CURRENT=$#; _rq_cli_completions }
offer rq-cli requ
offer rq worker --bur
offer rq-cli enqueue path.to.
`

let folder: TempDir

beforeAll(async () => {
  folder = await tempDir()
  for (const name of ['rq-cli', 'rq']) await symlink(PROGRAM, folder.path(name))
  await writeFile(folder.path('bash.sh'), BASH)
  await writeFile(folder.path('zsh.sh'), ZSH)
  return () => folder[Symbol.asyncDispose]()
})

async function linesOf(command: string, args: readonly string[]): Promise<string[]> {
  const PATH = `${folder.dir}${delimiter}${process.env.PATH}`
  await using program = spawnProcess(command, args, { cwd: folder.dir, env: { PATH } })
  const { code, stdout, stderr } = await program.exited
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}

describe('completion', () => {
  test.skipIf(!has('bash'))('works in bash', async () => {
    const [first, second, ...offers] = await linesOf('bash', ['--norc', 'bash.sh'])
    expect([first, second]).toEqual(['rq-cli', 'rq'].map((name) => expect.stringMatching(new RegExp(` ${name}$`))))
    expect(offers).toEqual([
      'rq-cli requ [requeue]',
      'rq wor [worker worker-pool worker-pause worker-resume]',
      'rq-cli worker --bur [--burst]',
      'rq-cli worker --horse  [process thread inline]',
      expect.stringMatching(/^rq-cli info {2}\[.*--interval.*--raw/),
      // Nothing of ours: bash completes names of files.
      'rq-cli enqueue path.to. []',
    ])
  })

  test.skipIf(!has('zsh'))('works in zsh, with descriptions', async () => {
    expect(await linesOf('zsh', ['-f', 'zsh.sh'])).toEqual([
      '_rq_cli_completions _rq_cli_completions',
      expect.stringContaining('requeue:Put failed jobs back into their queue'),
      expect.stringContaining('--burst:Leave when the queues are empty'),
      'default',
    ])
  })
})
