import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const ALL = `\
Finished jobs that default keeps: all, each for its result TTL (500 seconds unless set)
Failed jobs that default keeps: all, each for its failure TTL (a year unless set)
`

describe('configure', () => {
  test('shows, sets and removes the limits of a queue', async () => {
    await using cli = await CliFixture.open()
    expect(await cli.run(['configure', 'default'])).toMatchObject({ code: 0, out: ALL, err: '' })
    expect(await cli.run(['configure', 'default', '--keep-finished', '1000', '--keep-failed', '0'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Finished .* keeps: the newest 1000, .*\nFailed .* keeps: none, .*\n$/),
      questions: [],
    })
    const { out } = await cli.run(['configure', 'default', '--keep-failed', 'none', '--json'])
    expect(JSON.parse(out)).toEqual({ queue: 'default', keepFinished: 1000, keepFailed: null })
    expect(await cli.queue().configuration()).toEqual({ keepFinished: 1000, keepFailed: null })
    await cli.run(['configure', 'default', '--keep-finished', 'none'])
    expect((await cli.run(['configure', 'default'])).out).toBe(ALL)
  })

  test('asks before it deletes jobs', async () => {
    await using cli = await CliFixture.open()
    for (const n of [1, 2, 3]) await cli.enqueued('jobs.fails', '--job-id', `job-${n}`)
    await cli.run(['worker', '--burst', '--horse', 'inline', '--concurrency', '1'])
    const call = ['configure', 'default', '--keep-failed', '1']
    const refused = await cli.run(call, { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Delete 2 failed jobs of default?'] })
    expect(await cli.queue().configuration()).toEqual({ keepFinished: null, keepFailed: null })
    expect(await cli.run([...call, '--yes'])).toMatchObject({ code: 0, questions: [] })
    expect(await cli.queue().failedJobRegistry.getJobIds()).toEqual(['job-3'])
  })

  test('info shows the limit of failed jobs, and the year only where there is none', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.fails')
    await cli.enqueued('jobs.fails', '--queue', 'low')
    await cli.burst('default', 'low')
    await cli.queue().configure({ keepFailed: 5000 })
    const one = (await cli.run(['info'])).out
    expect(one).toMatch(/^default .* 1 failed \(at most 5000 kept\)\nlow .* 1 failed\n/)
    expect(one).toContain('Failed jobs are kept for a year by default')
    await cli.queue('low').configure({ keepFailed: 1 })
    const both = (await cli.run(['info'])).out
    expect(both).toMatch(/\nlow .* 1 failed \(at most 1 kept\)\n/)
    expect(both).not.toContain('a year')
    expect((await cli.run(['info', '--raw'])).out).not.toContain('kept')
  })

  test.each([
    [['--keep-failed', '-1'], /--keep-failed/],
    [['--keep-failed', '1.5'], /Invalid --keep-failed: got "1\.5", expected a whole number of jobs, or none\./],
    [['--keep-finished', 'all'], /Invalid --keep-finished: got "all", expected a whole number of jobs, or none\./],
    [['--keep', '1'], /--keep-/],
  ])('refuses %j, and writes nothing', async (words, message) => {
    await using cli = await CliFixture.open()
    const { code, err } = await cli.run(['configure', 'default', ...words])
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(await cli.queue().configuration()).toEqual({ keepFinished: null, keepFailed: null })
  })
})
