import { eventually } from '@rq/testkit'
import { SimpleWorker } from 'rq'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const ADD = ['schedules', 'add', 'nightly', 'jobs.add', '1', ':2'] as const

describe('schedules', () => {
  test('add, list, pause, resume, run, next and remove', async () => {
    await using cli = await CliFixture.open()
    expect(await cli.run(['schedules'])).toMatchObject({ code: 0, out: '', err: '0 schedules\n' })
    const added = await cli.run([...ADD, '--cron', '0 3 * * *', '--timezone', 'Europe/Berlin', '--result-ttl', '60'])
    expect(added.out).toMatch(/^Schedule nightly enqueues jobs\.add\. Next: \d{4}-\d\d-\d\dT0[12]:00:00\.000Z\.\n$/)
    const { out } = await cli.run(['schedules'])
    expect(out).toMatch(/^NAME +TIMES +NEXT +LAST +LAST JOB +JOBS +QUEUE +FUNCTION\n/)
    expect(out).toMatch(/\nnightly {2}0 3 \* \* \* Europe\/Berlin {2}in \d+ \w+ +- +- +0 +default +jobs\.add\n$/)

    expect((await cli.run(['schedules', 'pause', 'nightly'])).out).toBe('Schedule nightly is paused now.\n')
    expect((await cli.run(['schedules', 'pause', 'nightly'])).out).toBe('Schedule nightly was paused already.\n')
    expect((await cli.run(['schedules'])).out).toMatch(/Berlin {2}paused/)
    expect((await cli.run(['schedules', 'next', 'nightly'])).err).toBe('It is paused.\n')
    expect((await cli.run(['schedules', 'resume', 'nightly'])).out).toBe('Schedule nightly goes on.\n')
    const next = await cli.run(['schedules', 'next', 'nightly', '--count', '3', '--json'])
    expect(JSON.parse(next.out)).toHaveLength(3)

    expect((await cli.run(['schedules', 'run', 'nightly'])).out).toMatch(
      /^Enqueued job 'schedule-nightly-.*default\.\n$/,
    )
    await cli.burst()
    const { out: jobs } = await cli.run(['jobs', '--status', 'finished'])
    expect(jobs).toContain('schedule-nightly-')
    expect((await cli.run(['schedules'])).out).toMatch(/ +- +finished +0 +default/)
    expect((await cli.run(['schedules', 'remove', 'nightly', '--yes'])).out).toBe('Schedule nightly removed.\n')
    expect((await cli.run(['schedules', '--json'])).out).toBe('[]\n')
  })

  test('shows the function on a narrow terminal, too', async () => {
    await using cli = await CliFixture.open()
    const name = 'tenant:acme-corporation:invoice-reminders'
    const flags = ['--cron', '*/15 8-18 * * MON-FRI', '--timezone', 'America/Argentina/Buenos_Aires']
    await cli.run(['schedules', 'add', name, './jobs#add', ...flags, '--queue', 'tenant-invoice-reminders'])
    await cli.run(['schedules', 'add', '报告', './jobs#add', '--every', '30s', '--queue', '低'])
    for (const columns of [80, 100, 120]) {
      const { out } = await cli.run(['schedules'], { terminal: true, columns })
      expect([columns, out.match(/\.\/jobs#add\n/g)]).toEqual([columns, ['./jobs#add\n', './jobs#add\n']])
      expect(out.includes('LAST JOB')).toBe(true)
      expect(out.includes('JOBS')).toBe(columns >= 100)
    }
  })

  test('--json prints everything', async () => {
    await using cli = await CliFixture.open()
    await cli.run([...ADD, '--every', '1h', '--times', '3', '--spread', '10m', '--queue', 'low'])
    expect(JSON.parse((await cli.run(['schedules', '--json'])).out)).toEqual([
      {
        ...{ name: 'nightly', queue: 'low', function: 'jobs.add', cron: null, every: 3600, timezone: null, times: 3 },
        ...{ spread: 600, catchUp: 'skip', overlap: 'allow', owner: null, count: 0, paused: false, latest: null },
        ...{ next: expect.stringMatching(/Z$/), from: null, until: null, lastJob: null },
      },
    ])
  })

  test('that no worker can run are told by the list, by explain and by doctor', async () => {
    await using cli = await CliFixture.open()
    const lines = async () => (await cli.run(['schedules'])).out.split('\n').slice(1)
    const explained = async (name: string) => (await cli.run(['schedules', 'explain', name])).out
    for (const [name, func] of [
      ['fails', 'jobs.fails'],
      ['gone', './elsewhere#report'],
    ] as const) {
      await cli.run(['schedules', 'add', name, func, '--every', '1h'])
      await cli.run(['schedules', 'run', name])
    }
    expect(await explained('gone')).toMatch(
      /^Its next job (is due now|comes at .*), but no worker serves the queue default\./,
    )
    await cli.burst()
    expect(await lines()).toEqual([
      expect.stringMatching(/^fails .* failed /),
      expect.stringMatching(/^gone .* unknown function /),
      '',
    ])
    expect(await explained('gone')).toMatch(/^No worker could load its function for its last job: .*elsewhere/)
    expect(await explained('fails')).toMatch(/Its last job, schedule-fails-.*, has failed\.\n$/)
    const { code } = JSON.parse((await cli.run(['schedules', 'explain', 'gone', '--json'])).out) as { code: string }
    expect(code).toBe('unknown_function')
    const worker = cli.worker()
    const working = worker.work()
    const doctor = async () => (await cli.run(['doctor'])).out
    await eventually(async () =>
      expect((await doctor()).replace(/\s+/g, ' ')).toContain(
        'Workers do not know the function of their last job: gone (./elsewhere#report).',
      ),
    )
    await worker.stop()
    await working
  })

  test('whose job workers have returned says so', async () => {
    await using cli = await CliFixture.open()
    await cli.run(['schedules', 'add', 'new', './elsewhere#report', '--every', '1h'])
    await cli.run(['schedules', 'run', 'new'])
    const options = { importPaths: [cli.project.dir], onUnknownFunction: { returnFor: '1h' } } as const
    await new SimpleWorker('default', { ...cli.where, ...options }).work({ burst: true, withScheduler: false })
    const { out } = await cli.run(['schedules', 'explain', 'new'])
    expect(out).toMatch(/^Its last job, schedule-new-.*, waits for a worker that knows its function\. Its next job /)
  })

  test('take the limits of the configuration', async () => {
    await using cli = await CliFixture.open()
    const add = (argument: string) =>
      cli.run(['schedules', 'add', 'big', 'jobs.add', argument, '--every', '1h'], {
        config: { limits: { arguments: 100 } },
      })
    expect(await add('x'.repeat(200))).toMatchObject({ code: 1, err: expect.stringContaining('RQ_TOO_LARGE') })
    expect(await cli.redis.keys()).toEqual([])
    expect(await add('x')).toMatchObject({ code: 0 })
  })

  test('lists a part, and says where the next part begins', async () => {
    await using cli = await CliFixture.open()
    for (const name of ['a', 'b', 'c']) {
      const queue = name === 'b' ? 'low' : 'high'
      await cli.run(['schedules', 'add', name, 'jobs.add', '--every', '1h', '--queue', queue])
    }
    const names = async (...flags: string[]) => {
      const listed = JSON.parse((await cli.run(['schedules', '--json', ...flags])).out) as { name: string }[]
      return listed.map(({ name }) => name)
    }
    expect((await cli.run(['schedules', '--limit', '2'])).err).toBe('2 schedules; for more: --after b\n')
    expect((await cli.run(['schedules', '--limit', '2', '--after', 'b'])).err).toBe('1 schedule\n')
    expect(await names('--limit', '2')).toEqual(['a', 'b'])
    expect(await names('--after', 'a')).toEqual(['b', 'c'])
    expect(await names('--queue', 'high')).toEqual(['a', 'c'])
    expect(await names('--owner', 'app')).toEqual([])
    expect(await cli.run(['schedules', '--limit', '0'])).toMatchObject({ code: 2, out: '' })
    expect((await cli.run(['schedules', '--queue', ''])).err).toContain('Invalid --queue')
  })

  test.each([
    [['schedules', 'add', 'nightly'], 'schedules add needs a name and a function.'],
    [['schedules', 'pause'], 'schedules pause needs the name of a schedule.'],
    [[...ADD], 'Invalid --every:'],
    [[...ADD, '--cron', '61 * * * *'], 'at position 1 (minute)'],
    [[...ADD, '--every', '1h', '--times', '0'], 'Invalid --times:'],
    [[...ADD, '--every', '0'], 'Invalid --every:'],
    [['schedules', 'ad', 'nightly'], 'Invalid action: got "ad"'],
  ])('refuses %j', async (words, message) => {
    await using cli = await CliFixture.open()
    const { code, err } = await cli.run(words)
    expect(err).toContain(message)
    expect(code).toBe(2)
    expect((await cli.run(['schedules', '--json'])).out).toBe('[]\n')
  })

  test('of a name that is not there end with 4', async () => {
    await using cli = await CliFixture.open()
    for (const action of ['remove', 'pause', 'resume', 'run', 'next']) {
      const { code, err } = await cli.run(['schedules', action, 'nope', '--yes'])
      expect([code, err]).toEqual([4, "Error: There is no schedule named 'nope': rq-cli schedules lists them.\n"])
    }
  })
})
