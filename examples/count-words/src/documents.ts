import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join, relative } from 'node:path'

const OWN_AT_MOST = 100
const WANTED = 400
const SMALLEST_BYTES = 500
const LARGEST_BYTES = 300_000
const TEXT = /\.(md|txt|d\.[cm]?ts)$|^(readme|licen[cs]e|changelog|notice)$/i
const NOT_OURS = new Set(['node_modules', 'dist'])

/** A document on this machine. */
export interface Document {
  /** Relative to the workspace. */
  readonly name: string
  readonly path: string
  readonly words: number
}

/**
 * Some hundreds of documents that every installed checkout has: those of this project, and the READMEs, licences,
 * changelogs and type declarations of its dependencies. Always the same ones, in the same order.
 */
export async function findDocuments(root: string): Promise<Document[]> {
  const own = await textsBelow(root, (name) => !NOT_OURS.has(name) && !name.startsWith('.'))
  const installed = await textsBelow(join(root, 'node_modules', '.pnpm'), () => true)
  const ours = spread(own, OWN_AT_MOST)
  const paths = [...ours, ...spread(installed, WANTED - ours.length)]
  return Promise.all(
    paths.map(async (path) => ({ name: relative(root, path), path, words: countWords(await readFile(path, 'utf8')) })),
  )
}

/** Counts in another way than the job does, to check the job. */
function countWords(text: string): number {
  const word = /\S+/g
  let words = 0
  while (word.test(text)) words += 1
  return words
}

async function textsBelow(folder: string, enters: (name: string) => boolean): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && enters(entry.name)) found.push(...(await textsBelow(path, enters)))
    if (!entry.isFile() || !TEXT.test(entry.name)) continue
    const { size } = await stat(path)
    if (size >= SMALLEST_BYTES && size <= LARGEST_BYTES) found.push(path)
  }
  return found.sort()
}

/** At most `count` of them, evenly spread over the list. */
function spread<T>(all: readonly T[], count: number): T[] {
  const step = all.length / count
  if (step <= 1) return [...all]
  return Array.from({ length: count }, (_, index) => all[Math.floor(index * step)] as T)
}

export interface DocumentServer extends AsyncDisposable {
  /** The URL of each document, in the order given. */
  readonly urls: readonly string[]
  /** A URL on this server that has no document. */
  readonly missingUrl: string
}

/** Serve the documents, and nothing else, on a free port of 127.0.0.1. */
export async function serveDocuments(documents: readonly Document[]): Promise<DocumentServer> {
  const names = documents.map(({ path }, index) => `/${index}/${encodeURIComponent(basename(path))}`)
  const paths = new Map(documents.map(({ path }, index) => [names[index], path]))
  const server = createServer((request, response) => {
    const path = paths.get(request.url)
    if (path === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    return createReadStream(path).pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    urls: names.map((name) => `${origin}${name}`),
    missingUrl: `${origin}/no/such/document.md`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
