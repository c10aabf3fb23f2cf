import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, realpath, symlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { makeProject, spawnNode, startRedis, type TempDir, tempDir } from '@rq/testkit'
import { expect, it } from 'vitest'
import { packAll } from '../../../scripts/pack.mjs'

const run = promisify(execFile)
const root = new URL('../../../', import.meta.url)

/** The code blocks of the README that name their file in the first line. */
function filesOfReadme(): Record<string, string> {
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const blocks = [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)]
  return Object.fromEntries(blocks.map(([, name = '', text = '']) => [name, text]))
}

/** As `npm install` would, but for the packages of others, which are those of this workspace. */
async function installPacked({ path }: TempDir): Promise<void> {
  await using scratch = await tempDir()
  const tarballs = await packAll(scratch.dir)
  const ofOthers = new Set<string>()
  for (const [name, tarball] of tarballs) {
    const folder = path(`node_modules/${name}`)
    await mkdir(folder, { recursive: true })
    await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
    const { dependencies = {} } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    const home = new URL(`${name === 'rq-cli' ? 'apps' : 'packages'}/${name.replace('@rq/', '')}/`, root)
    for (const dependency of Object.keys(dependencies).filter((one) => !tarballs.has(one) && !ofOthers.has(one))) {
      ofOthers.add(dependency)
      const link = path(`node_modules/${dependency}`)
      await mkdir(dirname(link), { recursive: true })
      await symlink(await realpath(new URL(`node_modules/${dependency}`, home)), link, 'dir')
    }
  }
}

it('the example of the README runs as it stands, in a folder that has just the packed packages', async () => {
  await using redis = await startRedis()
  await using project = await makeProject(filesOfReadme())
  await installPacked(project)
  const server = createServer((_, response) => response.end('three words here')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }

  const { bin } = JSON.parse(await readFile(project.path('node_modules/rq-cli/package.json'), 'utf8'))
  const cli = project.path(`node_modules/rq-cli/${bin['rq-cli']}`)
  await using worker = spawnNode(cli, ['worker', '--concurrency', '2'], options)
  await using main = spawnNode(project.path('main.mjs'), [url], options)
  expect(await main.exited).toMatchObject({ code: 0, signal: null })
  server.close()
  expect(main.stderr).toBe('')
  expect(main.stdout).toContain(`countWordsAtUrl('${url}') is `)
  expect(main.stdout).toContain('3 words\n')
  worker.kill('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 0, signal: null })
})
