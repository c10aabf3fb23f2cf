import { mkdir, symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeProject, redisFixture, spawnNode } from '@rq/testkit'
import { rolldown } from 'rolldown'
import { expect, it } from 'vitest'
import { Worker } from '../src/index.ts'

const JOBS = `
import { defineJobs } from 'rq'
import { openMailer } from './mailer.ts'

export default defineJobs(
  { sendMail: { queue: 'mail', options: { description: 'a mail' }, run: (to: string, { services }) => services.handle(to) } },
  { setup: () => openMailer() },
)`
const MAILER = "export const openMailer = () => ({ handle: (to: string) => 'the handler has sent it to ' + to })"
const CLIENT = `
import { jobsClient } from 'rq/client'
import type jobs from './jobs.ts'

const [connection, prefix] = process.argv.slice(2) as [string, string]
const settings = { sendMail: { queue: 'mail', options: { description: 'a mail' } } } as const
const client = jobsClient<typeof jobs>({ connection, prefix, settings })
const job = await client.sendMail.enqueue('ada')
console.log(job.origin, job.description, await job.result({ timeout: 60 }))
await client.close()`

it('a client with types only has no handler and no worker in its bundle, and enqueues', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.ts': JOBS, 'mailer.ts': MAILER, 'client.ts': CLIENT })
  await mkdir(project.path('node_modules'), { recursive: true })
  await symlink(fileURLToPath(new URL('..', import.meta.url)), project.path('node_modules/rq'), 'dir')
  const bundles = new Map<string, readonly string[]>()
  for (const name of ['client', 'jobs']) {
    await using made = await rolldown({ input: project.path(`${name}.ts`), platform: 'node', logLevel: 'silent' })
    const { output } = await made.write({ file: project.path(`${name}.mjs`), format: 'esm', codeSplitting: false })
    const modules = output.flatMap((one) => (one.type === 'chunk' ? Object.entries(one.modules) : []))
    const kept = modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([id]) => id)
    bundles.set(name, kept)
  }
  const kept = bundles.get('client') ?? []
  const isOf = (name: string) => (id: string) => id.includes(`/packages/${name}/`)
  expect(kept.some(isOf('jobs'))).toBe(true)
  expect(kept.filter(isOf('worker'))).toEqual([])
  expect(kept.filter((id) => /\/(jobs|mailer)\.ts$/.test(id))).toEqual([])

  const worker = new Worker('mail', {
    connection: redis.url,
    prefix: redis.prefix,
    // The bundle of the module, which has its own copy of rq.
    jobs: project.path('jobs.mjs'),
    processTitle: false,
  })
  const working = worker.work()
  await using program = spawnNode(project.path('client.mjs'), [redis.url, redis.prefix])
  expect(await program.exited).toMatchObject({
    code: 0,
    stdout: 'mail a mail the handler has sent it to ada\n',
    stderr: '',
  })
  await worker.stop()
  await working
})
