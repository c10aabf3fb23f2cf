import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  patience,
  redisFixture,
  type SpawnedProcess,
  type SpawnProcessOptions,
  spawnProcess,
  type TempDir,
  tempDir,
} from '@rq/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { pnpm, ROOT, run as runTool, tool } from '../../../scripts/run.mjs'

/** Packing and npm take a while on a machine that is busy with other tests. */
const INSTALL_MS = patience(300_000)

const FILES = {
  'package.json': '{"name":"fresh","private":true,"type":"module"}',
  'path/to.js': "export const func = (text, { key }) => text + ' ' + (key.a + 1)",
  'check.ts': `
import { Queue, ref, type Job } from 'rq'
import type { RqConfig } from 'rq-cli'
import type { func } from './path/to.js'

const double = async (x: number): Promise<number> => 2 * x
const queue = new Queue('low')
export const job: Job<number> = await queue.enqueue(double, [21])
export const sum: number = await job.result({ timeout: '1m' })
// @ts-expect-error a text is no number
await queue.enqueue(double, ['21'])
export const text: string = await (await queue.enqueue(ref<typeof func>('path.to.func'), ['abc', { key: { a: 1 } }])).result()
export default { redisUrl: 'redis://localhost', queues: ['low'] } satisfies RqConfig
`,
  'path/to.d.ts': 'export declare const func: (text: string, options: { key: { a: number } }) => string',
}

let fresh: TempDir

beforeAll(async () => {
  fresh = await tempDir()
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(fresh.path(name)), { recursive: true })
    await writeFile(fresh.path(name), text)
  }
  await succeed(npmInstall(await packAll()))
  return () => fresh[Symbol.asyncDispose]()
}, INSTALL_MS)

/** What `pnpm publish` would publish. In folders of their own, because `@rq/cli` and `rq-cli` pack to the same name. */
async function packAll(): Promise<string[]> {
  const tarballs = ['packages', 'apps'].map(async (kind) => {
    const folder = fresh.path(`tarballs-${kind}`)
    const filter = kind === 'packages' ? './packages/*' : 'rq-cli'
    await succeed(pnpm('--recursive', `--filter=${filter}`, 'pack', `--pack-destination=${folder}`), ROOT)
    return (await readdir(folder)).map((name) => join(folder, name))
  })
  return (await Promise.all(tarballs)).flat()
}

function npmInstall(packages: readonly string[]): [string, ...string[]] {
  return ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packages]
}

async function succeed(command: readonly [string, ...string[]], cwd: string = fresh.dir): Promise<void> {
  const { ok, output } = await runTool(command, { cwd })
  if (!ok) throw new Error(`${command.join(' ')}\n${output}`)
}

/** A line as it is typed into a shell in the fresh folder. */
function shell(line: string, { env }: SpawnProcessOptions = {}): SpawnedProcess {
  // Once a week npx would say on stderr that there is a newer npm.
  const quiet = { npm_config_update_notifier: 'false' }
  return spawnProcess('sh', ['-c', line], { cwd: fresh.dir, env: { ...quiet, ...env } })
}

describe('the packed packages, installed by npm in a fresh folder', () => {
  test('run a job from the command line of one to that of the other', async () => {
    await using redis = await redisFixture()
    const options = { env: { RQ_REDIS_URL: redis.url } }
    await using worker = shell(`exec npx rq-cli worker low --prefix '${redis.prefix}'`, options)
    await worker.output(/started, listening on low/)
    await using enqueue = shell(
      `npx rq-cli enqueue path.to.func abc key:='{"a":1}' --queue low --wait --job-id one --prefix '${redis.prefix}'`,
      options,
    )
    expect(await enqueue.exited).toMatchObject({
      code: 0,
      stdout: "Enqueued path.to.func('abc', key={'a': 1}) with job-id 'one'.\nabc 2\n",
      stderr: '',
    })
    await using info = shell(`npx rq info --raw --only-queues --prefix '${redis.prefix}'`, options)
    expect(await info.exited).toMatchObject({ code: 0, stdout: 'queue low 0, 0 executing, 1 finished, 0 failed\n' })
  })

  test('are all packed from this workspace', async () => {
    const lock = JSON.parse(await readFile(fresh.path('package-lock.json'), 'utf8'))
    const ours = Object.entries<{ resolved?: string }>(lock.packages).filter(([path]) => /(^|\/)(@rq\/|rq)/.test(path))
    const names = ours.map(([path]) => path.replace('node_modules/', ''))
    expect(names).toEqual(expect.arrayContaining(['rq', 'rq-cli', '@rq/cli', '@rq/queue', '@rq/worker']))
    for (const [path, { resolved }] of ours) expect([path, resolved]).toEqual([path, expect.stringMatching(/^file:/)])
  })

  test('bring their types', async () => {
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
    await succeed(tool('tsc', ...flags, '--typeRoots', join(ROOT, 'node_modules/@types'), 'check.ts'))
  })
})
