import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { type Job, JobFailedError, Queue } from 'rq'
import { runCli, startWorker } from './cli-process.ts'
import { countWordsAtUrl } from './count-words.ts'
import { type Document, findDocuments, serveDocuments } from './documents.ts'
import { showProgress } from './progress.ts'

const WORKSPACE = fileURLToPath(new URL('../../..', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))
const LONGEST_WAIT_S = 60
const LONGEST_SHOWN = 10

export interface DemoOptions {
  redisUrl: string
  /** Separates the demo's keys from others in the same Redis. */
  prefix: string
  /** Ends the demo early, and cleans up. */
  signal: AbortSignal
  /** The documents to count, with the number of words that each has. Default: documents of this checkout. */
  documents?: readonly Document[]
}

/**
 * Count the words of some hundreds of documents in a worker, and show the progress.
 * Run it in the folder of this example, where its worker finds the functions.
 * @returns whether every count was right and the job that must fail did
 */
export async function runDemo({ redisUrl, prefix, signal, ...given }: DemoOptions): Promise<boolean> {
  // Not as an argument: the list of processes would show a password.
  const env = { RQ_REDIS_URL: redisUrl }
  const documents = given.documents ?? (await findDocuments(WORKSPACE))
  await using server = await serveDocuments(documents)
  await using queue = new Queue('default', { connection: redisUrl, prefix })

  const started = performance.now()
  const jobs = await queue.enqueueMany(server.urls.map((url) => Queue.prepareData(countWordsAtUrl, [url])))
  const doomed = await queue.enqueue(countWordsAtUrl, [server.missingUrl])
  console.log(`Enqueued countWordsAtUrl for ${documents.length} documents, and for one that is not there.`)

  console.log('$ rq-cli worker default --concurrency 2')
  await using worker = startWorker(['default', '--concurrency', '2', '--path', EXAMPLE, '--prefix', prefix], env)
  const cutShort = Promise.race([aborted(signal), worker.ended.then(fail)])
  try {
    const counts = await Promise.race([countsOf(jobs), cutShort])
    const allRight = showCounts(documents, counts, performance.now() - started)
    const failedAsMeant = await Promise.race([showFailure(doomed), cutShort])
    console.log('\n$ rq-cli info')
    await runCli(['info', '--prefix', prefix], env)
    return allRight && failedAsMeant
  } catch (error) {
    if (!signal.aborted) console.error(`\nWhat the worker wrote last:\n${indented(lastLines(worker.log))}`)
    throw error
  } finally {
    await Promise.all([...jobs, doomed].map((job) => job.delete()))
    await queue.delete()
  }
}

async function countsOf(jobs: readonly Job<number>[]): Promise<number[]> {
  const progress = showProgress(jobs.length, 'documents')
  try {
    return await Promise.all(
      jobs.map(async (job) => {
        const words = await job.result({ timeout: LONGEST_WAIT_S })
        progress.advance()
        return words
      }),
    )
  } finally {
    progress.stop()
  }
}

function showCounts(documents: readonly Document[], counts: readonly number[], elapsedMs: number): boolean {
  const counted = documents.map((document, index) => ({ ...document, counted: counts[index] ?? 0 }))
  const table = new Table({
    head: ['longest documents', 'words'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const longest = counted.toSorted((a, b) => b.counted - a.counted).slice(0, LONGEST_SHOWN)
  table.push(...longest.map((one) => [shortName(one.name), one.counted.toLocaleString('en')]))
  const total = counts.reduce((sum, words) => sum + words, 0)
  console.log(`\n${table.toString()}`)
  console.log(
    `${total.toLocaleString('en')} words in ${documents.length} documents, ${(elapsedMs / 1000).toFixed(1)} s.`,
  )
  const wrong = counted.filter((one) => one.counted !== one.words)
  for (const one of wrong) console.log(`WRONG: ${one.name} has ${one.words} words, not ${one.counted}.`)
  console.log(wrong.length === 0 ? 'Every count is right.' : `${wrong.length} counts are wrong.`)
  return wrong.length === 0
}

async function showFailure(doomed: Job<number>): Promise<boolean> {
  console.log('\nThe job for the document that is not there, as its caller sees it:')
  try {
    const words = await doomed.result({ timeout: LONGEST_WAIT_S })
    console.log(`  It should have failed, but counted ${words} words.`)
    return false
  } catch (error) {
    if (!(error instanceof JobFailedError)) throw error
    console.log(indented(`${error.name}: ${error.message}\n\n${error.remoteStack}`))
    return true
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

function fail(reason: string): never {
  throw new Error(reason)
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-30).join('\n')

/** The package and the file, without the folders of pnpm. */
const shortName = (name: string): string => name.replace(/^.*node_modules\//, '')
