import { Command } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { ScriptCommand } from './script-command.ts'

describe('ScriptCommand', () => {
  it.each([
    ['no arguments', []],
    ['text', ['key', 'value']],
    ['an empty argument', ['', Buffer.alloc(0)]],
    ['text beyond ASCII', ['é', '日本', '💡', '\ud800']],
    ['every byte', [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))]],
  ])('writes %s as ioredis does', (_what, words: readonly (string | Buffer)[]) => {
    const script = { sha: 'a'.repeat(40), keyCount: 1, repliesInBytes: false }
    const own = new ScriptCommand(script, words)
    const theirs = new Command('evalsha', [script.sha, '1', ...words])
    expect(own.toWritable().toString('latin1')).toBe(Buffer.from(theirs.toWritable({})).toString('latin1'))
    expect(own.args).toEqual(theirs.args)
    for (const command of [own, theirs]) command.resolve(null)
  })

  it('returns texts, or bytes for a script that replies in bytes', async () => {
    for (const repliesInBytes of [false, true]) {
      const command = new ScriptCommand({ sha: '', keyCount: 0, repliesInBytes }, [])
      command.resolve([Buffer.from('é')])
      expect(await command.promise).toEqual([repliesInBytes ? Buffer.from('é') : 'é'])
    }
  })
})
