import { describe, expect, test } from 'vitest'
import { callOf } from '../src/command.ts'
import { COMMANDS } from '../src/commands.ts'
import { run } from './memory-host.ts'

describe('help', () => {
  test('of the program names every command and the exit codes', async () => {
    const { code, out, err } = await run(['--help'])
    expect(code).toBe(0)
    expect(err).toBe('')
    const words = out.replaceAll(/\s+/g, ' ')
    for (const command of COMMANDS) expect(words).toContain(` ${callOf(command)} ${command.summary}`)
    expect(out).toContain('rq-cli help <command>')
    expect(words).toContain('Exit codes: 0 done, 1 failure, 2 wrong usage, 3 Redis cannot be reached, 4 no such job.')
  })

  test.each(COMMANDS)('$name --help has its options and an example', async (command) => {
    const { name, flags } = command
    const { code, out } = await run([name, '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`^Usage: rq-cli ${name}\\b.*\n\n${escaped(command.summary)}\n`))
    expect(out).toMatch(new RegExp(`Examples:\n {2}# .*\n {2}rq-cli ${name}`))
    for (const flag of Object.keys(flags)) expect(out).toMatch(new RegExp(`^ .*--${flag}\\b`, 'm'))
    expect(out).toContain('--url')
    expect(out).toContain('RQ_REDIS_URL')
    expect(await run([name, '-h'])).toMatchObject({ code: 0, out })
    expect(await run(['--prefix', 'x', name, 'y', '-h'])).toMatchObject({ code: 0, out })
    expect(await run(['info', '-vh'])).toEqual(await run(['info', '-h']))
  })

  test.each([72, 80, 120])('fits into %i columns', async (columns) => {
    for (const words of [[], ...COMMANDS.map(({ name }) => [name])]) {
      const { out } = await run([...words, '--help'], { terminal: true, columns })
      const [text = ''] = out.split('\nExamples:')
      const lines = text.split('\n').filter((line) => line.length > columns)
      expect(lines).toEqual([])
    }
  })

  test('--help behind -- is an argument', async () => {
    const { code, err } = await run(['enqueue', 'a.b', '--unique', '--', '--help', '-h', '--version'])
    expect(code).toBe(2)
    expect(err).toContain('--unique needs --job-id')
  })

  test('a last argument "help" is an argument', async () => {
    const { code, err } = await run(['cancel', 'x', 'help'])
    expect(code).toBe(2)
    expect(err).toContain("Unexpected argument 'help'")
  })

  test('--version is the version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' })
  })

  test("completion prints a script for the given shell, or for the user's shell", async () => {
    for (const [args, SHELL, code] of [
      [['bash'], '/bin/zsh', 'complete -o'],
      [['zsh'], '/bin/bash', 'compdef '],
      [[], '/usr/bin/zsh', 'compdef '],
      [[], '/bin/bash', 'complete -o'],
      [[], '/usr/bin/fish', 'complete -o'],
    ] as const) {
      const ran = await run(['completion', ...args], { env: { SHELL } })
      expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(code), err: '' })
    }
    expect(await run(['completion', 'cmd'])).toMatchObject({ code: 2, err: expect.stringContaining('bash, zsh') })
  })

  test.each<[string[], string[], string[]]>([
    [['wo'], ['worker', 'worker-pool'], []],
    [
      ['worker', '--'],
      ['--burst', '--horse', '--url'],
      ['--b', '--queues'],
    ],
    [['worker', '--horse', ''], ['process', 'thread', 'inline'], ['--burst']],
    [['completion', ''], ['bash', 'zsh'], []],
  ])('completes %j', async (words, expected, others) => {
    const { code, out } = await run(['--get-yargs-completions', 'rq-cli', ...words])
    expect(code).toBe(0)
    const offered = out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/:.*/, ''))
    expect(offered).toEqual(expect.arrayContaining(expected))
    for (const other of others) expect(offered).not.toContain(other)
  })
})

test.each<[string[], RegExp]>([
  [[], /^Usage: rq-cli <command> \[options\]/],
  [['help'], /^Usage: rq-cli <command> \[options\]/],
  [['help', 'enqueue'], /^Usage: rq-cli enqueue <function> \[arguments\.\.\]/],
  [['help', '--json'], /^Usage: rq-cli <command> \[options\]/],
])('rq-cli %j shows help', async (words, text) => {
  expect(await run(words)).toMatchObject({ code: 0, out: expect.stringMatching(text), err: '' })
})

describe('wrong usage', () => {
  test.each<[string, RegExp]>([
    ['-v', /A command is missing/],
    ['wroker', /Unknown command 'wroker'. Did you mean 'worker'\?/],
    ['gronk', /Unknown command 'gronk'\. rq-cli --help shows all\.$/m],
    ['list', /Did you mean 'rq-cli jobs'\?/],
    ['failed', /Did you mean 'rq-cli jobs --status failed'\?/],
    ['status', /Did you mean 'rq-cli info'\?/],
    ['retry', /Did you mean 'rq-cli requeue'\?/],
    ['logs', /Did you mean 'rq-cli job <id>'\?/],
    ['dashboard', /Did you mean 'rq-cli info --interval 1s'\?/],
    ['ping', /Did you mean 'rq-cli info'\?/],
    ['purge', /Did you mean 'rq-cli empty'\?/],
    ['dev', /Did you mean 'rq-cli worker --watch'\?/],
    ['watch', /Did you mean 'rq-cli worker --watch'\?/],
    ['workers', /Did you mean 'rq-cli info --only-workers'\?/],
    ['toString', /Unknown command 'toString'/],
    ['help wroker', /Unknown command 'wroker'. Did you mean 'worker'\?/],
    ['-q enqueue a.b', /-q before the command could mean --quiet or --queue/],
    ['-vq worker', /-q before the command could mean --quiet or --queue/],
    ['--verison', /Unknown option --verison. Did you mean '--version'\?/],
    ['worker --brust', /Unknown option --brust. Did you mean '--burst'\?/],
    ['worker --max-job 3', /Unknown option --max-job. Did you mean '--max-jobs'\?/],
    ['worker -Z', /Unknown option -Z\./],
    ['info --url', /--url needs a value/],
    ['requeue', /Expected ids of failed jobs, or --all/],
    ['enqueue', /An argument is missing. Usage: rq-cli enqueue <function> \[arguments\.\.\]/],
    ['job', /An argument is missing. Usage: rq-cli job <id>/],
    ['cancel a b', /Unexpected argument 'b'. Usage: rq-cli cancel <id>/],
    [
      'worker --horse proces',
      /Invalid --horse: got "proces", expected process, thread, inline. Did you mean 'process'\?/,
    ],
    ['worker --concurrency two', /Invalid --concurrency: got "two", expected a whole number of at least 1/],
    ['worker --concurrency 0', /Invalid --concurrency/],
    ['worker --date-format %Q', /Invalid --date-format: unknown directive %Q/],
    ['worker --logging-level eror', /Invalid --logging-level: got "eror", expected debug, .*Did you mean 'error'\?/],
    ['worker --log-format jsno', /Invalid --log-format: .*Did you mean 'json'\?/],
    ['worker --dequeue-strategy rand', /Invalid --dequeue-strategy: .*Did you mean 'random'\?/],
    ['worker --results-ttl x', /Invalid --results-ttl: /],
    ['worker --worker-ttl x', /Invalid --worker-ttl: /],
    ['worker --job-monitoring-interval x', /Invalid --job-monitoring-interval: /],
    ['worker --maintenance-interval x', /Invalid --maintenance-interval: /],
    ['worker --max-jobs 0', /Invalid --max-jobs: /],
    ['worker-pool -n 0', /Invalid --num-workers: /],
    ['worker --name a*b', /Invalid --name: /],
    ['worker a*b', /Invalid queues: /],
    ['jobs --status fail', /Invalid --status: .*Did you mean 'failed'\?/],
    ['jobs --limit 0', /Invalid --limit/],
    ['jobs --error E --status queued', /--error is for failed jobs: leave --status out/],
    ['worker --return-unknown soon', /Invalid --return-unknown: got "soon"/],
    ['worker --return-unknown 0', /Invalid --return-unknown: got "0", expected more than 0/],
    ['delete one --error E', /--limit, --older-than, --function and --error need --status/],
    ['worker --path ./no/such', /Invalid --path: there is no folder .*no\/such/],
    ['cancel -- a -b', /^Error: Unexpected argument '-b'. Usage: rq-cli cancel <id>\n$/],
    ['resume -- true', /^Error: Unexpected argument 'true'/],
    ['suspend --queue -- low', /--queue needs a value/],
    ['worker -- -a*b', /Invalid queues: got "-a\*b"/],
    ['job --', /An argument is missing. Usage: rq-cli job <id>/],
    ['completion -- -zsh', /Invalid shell|expected bash, zsh/],
    ['-- worker', /A command is missing before --/],
    ['empty --all low', /queues and --all cannot be used together/],
    ['requeue --queue low --all a', /ids and --all cannot be used together/],
    ['delete', /Expected the id of a job, or --status/],
    ['delete one --status failed', /id and --status cannot be used together/],
    ['delete one --limit 1', /--limit, --older-than, --function and --error need --status/],
    ['delete one --queue low', /--queue needs --status/],
    ['delete --status failed --with-dependents', /--with-dependents needs the id of a job/],
    ['delete --status started', /Invalid --status: got "started", expected failed, finished, /],
    ['delete --status failed --older-than -1', /Invalid --older-than/],
    ['info -Q -W', /--only-queues and --only-workers cannot be used together/],
    ['info --interval 0', /Invalid --interval/],
    ['info --interval soon', /Invalid --interval: got "soon", expected seconds: '90'/],
    ['info --url http://user:secret@host', /Not a Redis URL: http:\/\/\*\*\*:\*\*\*@host/],
    ['info --serializer jsn', /Unknown --serializer 'jsn'. Did you mean 'json'\?/],
    ['info --serializer ./no.js#x', /Cannot load the module of --serializer/],
    ['info --config no.js', /There is no no.js/],
    ['info --url redis://h --url-file x', /--url and --url-file cannot be used together/],
    ['info --url-file', /--url-file needs a value/],
    ['enqueue a.b :{bad', /Unable to parse argument 1 as JSON/],
    ['enqueue a.b k=1 k=2', /The keyword 'k' is given twice/],
    ['enqueue a.b --schedule-in 5 --schedule-at 2030-01-01', /cannot be used together/],
    ['enqueue a.b --schedule-in soon', /Invalid --schedule-in: got "soon", expected seconds/],
    ['enqueue a.b --schedule-at 2030-02-30', /Invalid --schedule-at: got "2030-02-30", expected ISO 8601/],
    ['enqueue a.b --timeout 0', /Invalid --timeout: got "0", expected more than 0 seconds/],
    ['enqueue a.b --timeout x', /Invalid --timeout: .*-1 means no limit/],
    ['enqueue a.b --ttl -1', /Invalid --ttl/],
    ['enqueue a.b --result-ttl x', /Invalid --result-ttl/],
    ['enqueue a.b --failure-ttl x', /Invalid --failure-ttl/],
    ['enqueue a.b --wait=x', /Invalid --wait/],
    ['enqueue a.b --job-id a:b', /Invalid --job-id/],
    ['enqueue a.b --queue a*b', /Invalid --queue/],
    ['enqueue a.b --depends-on a:b:c*', /Invalid --depends-on/],
    ['enqueue a.b --meta 1', /Invalid --meta/],
    ['enqueue a.b --unique', /--unique needs --job-id/],
    ['enqueue a.b --retry-max many', /Invalid --retry-max/],
    ['enqueue a.b --retry-max 1 --retry-interval x', /Invalid --retry-interval/],
    ['enqueue a.b --retry-interval 5', /--retry-interval needs --retry-max/],
    ['enqueue a..b', /Not a function reference: "a..b"/],
    ['suspend --duration soon', /Invalid --duration/],
    ['suspend --queue a*b', /Invalid --queue/],
    ['worker --grace-period x', /Invalid --grace-period/],
    ['redis://ann:secret@host', /Unknown command 'redis:\/\/\*\*\*@host'/],
    ['suspend redis://ann:secret@host', /Unexpected argument 'redis:\/\/\*\*\*@host'/],
    ['enqueue a.b --queue redis://ann:secret@host', /Invalid --queue: got a URL, expected a name\. .* into --url\./],
    ...[
      'info',
      'worker',
      'worker-pool',
      'scheduler',
      'empty',
      'requeue --all --queue',
      'jobs --queue',
      'resume --queue',
    ].map((command): [string, RegExp] => [
      `${command} redis://ann:secret@host`,
      /^Error: Invalid (queues|--queue): got a URL, expected a name\. The address of Redis goes into --url\.\n$/,
    ]),
  ])('rq-cli %s', async (line, message) => {
    const { code, out, err } = await run(
      line.split(' ').filter((word) => word !== ''),
      { env: { RQ_REDIS_URL: NOWHERE } },
    )
    expect(err).toMatch(message)
    expect(err).not.toContain('secret')
    expect(err).not.toMatch(/^\s+at /m)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  test.each([
    ['worker', '--verbose', '--quiet'],
    ['info', '-v', '-q'],
  ])('%s %s %s is refused', async (...words) => {
    const { code, err } = await run(words)
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('--verbose and --quiet cannot be') })
  })

  test('only --verbose shows a stack', async () => {
    const { err } = await run(['info', '--config', 'no.js', '--verbose'])
    expect(err).toMatch(/^\s+at /m)
  })
})

describe('failures', () => {
  test('a missing file of an argument ends with 1', async () => {
    const { code, err } = await run(['enqueue', 'a.b', '@no.txt'])
    expect(code).toBe(1)
    expect(err).toContain("Cannot read the file 'no.txt' of argument 1: there is no such file")
  })

  test.each(['0', '0s', '-5', '0.0'])('a suspension of %s seconds ends with 1', async (duration) => {
    const { code, err } = await run(['suspend', `--duration=${duration}`, '--url', NOWHERE])
    expect(code).toBe(1)
    expect(err).toContain('at least 1 second')
  })

  test('empty without queues has nothing to do', async () => {
    expect(await run(['empty'])).toEqual({ code: 0, out: 'Nothing to do\n', err: '' })
  })

  test('requeue without jobs has nothing to do', async () => {
    expect(await run(['requeue', '--queue', 'default'])).toEqual({ code: 0, out: 'Nothing to do\n', err: '' })
  })
})

const NOWHERE = 'redis://:secret@localhost:1'

function escaped(text: string): string {
  return text.replaceAll(/[()[\]]/g, '\\$&')
}
