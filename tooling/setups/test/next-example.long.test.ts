import { cp, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis, type TempDir, tempDir } from '@rq/testkit'
import { expect, it } from 'vitest'
import { packAll, projectFiles } from '../../../scripts/pack.mjs'
import { run } from '../../../scripts/run.mjs'

const EXAMPLE = fileURLToPath(new URL('../../../examples/next/', import.meta.url))

/** A copy of the example, installed with the packed packages as its README says. */
async function installed(): Promise<TempDir> {
  const project = await tempDir()
  await cp(EXAMPLE, project.dir, { recursive: true })
  const example = JSON.parse(await readFile(project.path('package.json'), 'utf8'))
  const packed = JSON.parse(projectFiles(await packAll(project.path('packed')))['package.json'])
  const dependencies = { ...example.dependencies, ...packed.dependencies }
  const manifest = { ...example, dependencies, overrides: packed.overrides }
  await writeFile(project.path('package.json'), JSON.stringify(manifest))
  await succeed(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline'], project.dir)
  return project
}

async function succeed(command: [string, ...string[]], cwd: string): Promise<void> {
  const { ok, output } = await run(command, { cwd })
  expect(ok, output).toBe(true)
}

/** Send the form of a page as a browser does whose JavaScript has not been loaded. */
async function sendForm(page: string, fields: Record<string, string>): Promise<Response> {
  const form = new FormData()
  const html = await (await fetch(page)).text()
  for (const [, name = ''] of html.matchAll(/<input type="hidden" name="([^"]+)"/g)) form.set(name, '')
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return fetch(page, { method: 'POST', body: form, redirect: 'manual' })
}

it('a route handler and a server action of Next.js enqueue, a worker runs the jobs, a route reads them', async () => {
  await using project = await installed()
  await succeed(['npm', 'run', 'build'], project.dir)
  await using redis = await startRedis()
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url, NODE_ENV: 'production', NODE_OPTIONS: '' } }
  const next = project.path('node_modules/next/dist/bin/next')
  const cli = project.path('node_modules/rq-cli/bin/rq-cli.js')
  await using server = spawnNode(next, ['start', '--port', '0', '--hostname', '127.0.0.1'], options)
  await using worker = spawnNode(cli, ['worker', 'pdf', '--import', 'tsx'], options)
  const [, port] = await server.output(/Local: +http:\/\/[^:]+:(\d+)/)
  const at = (where: string) => `http://127.0.0.1:${port}${where}`

  expect((await fetch(at('/jobs/unknown'))).status).toBe(404)
  const answer = await fetch(at('/invoices/2024-7/pdf'), { method: 'POST' })
  expect(answer.status).toBe(202)
  const { job } = (await answer.json()) as { job: string }
  const redirection = await sendForm(at('/'), { invoice: '2024-77' })
  expect(redirection.status).toBe(303)

  for (const [where, result] of [
    [`/jobs/${job}`, { invoice: '2024-7', pages: 1 }],
    [redirection.headers.get('location') ?? '', { invoice: '2024-77', pages: 2 }],
  ] as const) {
    await eventually(async () => {
      expect(await (await fetch(at(where))).json()).toEqual({ status: 'finished', result })
    })
  }
  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})
