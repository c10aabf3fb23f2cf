import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { tempDir } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { importPathWarnings } from './import-path-warnings.ts'

describe('importPathWarnings', () => {
  it('warns of the root of a project only if anybody may write to Redis', async () => {
    await using folder = await tempDir()
    const jobs = join(folder.dir, 'jobs')
    await mkdir(join(folder.dir, 'node_modules'))
    await mkdir(jobs)
    const paths = [folder.dir, jobs]
    expect(await importPathWarnings(paths, false)).toEqual([])
    expect(await importPathWarnings([jobs], true)).toEqual([])
    expect(await importPathWarnings(paths, true)).toEqual([
      expect.stringContaining(`no password, and the import path ${folder.dir} is the root of a project`),
    ])
  })

  it('warns of folders that every user may write to', async () => {
    await using folder = await tempDir()
    const [jobs, uploads, hidden] = ['jobs', 'uploads', '.cache'].map((name) => join(folder.dir, name)) as [
      string,
      string,
      string,
    ]
    for (const path of [jobs, uploads, hidden]) await mkdir(path)
    await chmod(hidden, 0o777)
    expect(await importPathWarnings([folder.dir], true)).toEqual([])
    await chmod(uploads, 0o777)
    expect(await importPathWarnings([folder.dir], true)).toEqual([
      expect.stringMatching(`^Every user of this machine can write to ${uploads}, from which`),
    ])
    await chmod(folder.dir, 0o777)
    expect(await importPathWarnings([folder.dir], true)).toEqual([
      expect.stringMatching(`^Every user of this machine can write to ${folder.dir}, from which`),
    ])
  })
})
