import type { Setup } from '../setup.ts'
import { nest } from './nest.ts'
import { JOBS, runWith } from './programs.ts'

/** A server whose route enqueues; the program calls it once, and ends. */
function server(name: string, install: readonly string[], listen: string, quick = false): Setup {
  const text = `
import { Queue } from 'rq'
import { add } from './jobs/sums.js'
const queue = new Queue()
const enqueue = async () => (await queue.enqueue(add, [20, 22])).id
const call = async (port) => {
  console.log(await (await fetch('http://127.0.0.1:' + port + '/sum')).text())
  await queue.close()
  process.exit()
}
${listen}`
  return {
    name,
    what: 'enqueue(fn) in a route',
    install,
    quick,
    async run(project) {
      await project.write({ ...JOBS, 'main.js': text })
      await runWith(project, 'node', 'main.js')
    },
  }
}

const EXPRESS = `
import express from 'express'
const app = express().get('/sum', async (_, response) => response.send(await enqueue()))
const listening = app.listen(0, '127.0.0.1', () => call(listening.address().port))`

const FASTIFY = `
import fastify from 'fastify'
const app = fastify().get('/sum', enqueue)
await app.listen({ port: 0, host: '127.0.0.1' })
await call(app.server.address().port)`

const HONO = `
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
const app = new Hono().get('/sum', async (context) => context.text(await enqueue()))
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => call(port))`

const NEST: Setup = {
  name: 'NestJS 11',
  what: 'CommonJS TypeScript, enqueue(ref(...)) in a controller',
  install: [
    '@nestjs/core@11',
    '@nestjs/common@11',
    '@nestjs/platform-express@11',
    'reflect-metadata@0.2',
    'rxjs@7',
    'typescript@5.9',
    '@types/node@20',
  ],
  async run(project) {
    const text = `
import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Queue, ref } from 'rq'
import type { add } from './jobs/sums'
const queue = new Queue()
@Controller()
class Sums {
  @Get('sum') async sum(): Promise<string> {
    return (await queue.enqueue(ref<typeof add>('./jobs/sums#add'), [20, 22])).id
  }
}
@Module({ controllers: [Sums] })
class App {}
async function main(): Promise<void> {
  const app = await NestFactory.create(App, { logger: false })
  await app.listen(0, '127.0.0.1')
  console.log(await (await fetch((await app.getUrl()) + '/sum')).text())
  await app.close()
  await queue.close()
}
void main()`
    await project.write({
      'package.json': '{"private":true}',
      'src/jobs/sums.ts': 'export const add = (x: number, y: number): number => x + y\n',
      'src/main.ts': text,
    })
    const flags = [
      '--module',
      'commonjs',
      '--target',
      'es2022',
      '--strict',
      '--skipLibCheck',
      '--experimentalDecorators',
    ]
    await project.exec(
      'tsc',
      ...flags,
      '--emitDecoratorMetadata',
      '--types',
      'node',
      '--outDir',
      'dist',
      'src/main.ts',
      'src/jobs/sums.ts',
    )
    await runWith(project, 'node', 'dist/main.js')
  },
}

const NEXT: Setup = {
  name: 'Next 16',
  what: 'next build, enqueue(ref(...)) in a route',
  install: ['next@16', 'react@19', 'react-dom@19'],
  async run(project) {
    const route = `import { Queue, ref } from 'rq'
export const dynamic = 'force-dynamic'
const queue = new Queue()
export async function GET() {
  return new Response((await queue.enqueue(ref('./jobs/sums#add'), [20, 22])).id)
}`
    const root = `export default ({ children }) => <html><body>{children}</body></html>`
    // Our packages are installed in the folder above, so Next has to look there.
    const config = `const root = new URL('..', import.meta.url).pathname
export default { turbopack: { root }, outputFileTracingRoot: root }`
    const main = `import { createServer } from 'node:http'
import next from 'next'
const app = next({ dev: false })
await app.prepare()
const server = createServer(app.getRequestHandler()).listen(0, '127.0.0.1', async () => {
  console.log(await (await fetch('http://127.0.0.1:' + server.address().port + '/sum')).text())
  process.exit()
})`
    await project.write({
      ...JOBS,
      'app/layout.jsx': root,
      'app/sum/route.js': route,
      'next.config.mjs': config,
      'main.js': main,
    })
    await project.exec('next', 'build')
    await runWith(project, 'node', 'main.js')
  },
}

export const FRAMEWORKS: readonly Setup[] = [
  server('Express 5', ['express@5'], EXPRESS, true),
  server('Fastify 5', ['fastify@5'], FASTIFY),
  server('Hono 4', ['hono@4', '@hono/node-server'], HONO),
  NEST,
  nest(10),
  nest(11),
  NEXT,
]
