// @ts-check

// Not an import of a literal, so that types can be checked before the demo is built.
/** @type {typeof import('../src/demo.ts')} */
const { runDemo } = await import(new URL('../dist/demo.js', import.meta.url).href)

// Runs the demo as `pnpm demo` does, except for the installation and the build, over one file many times.
// Arguments: prefix, path, how many times, how many words the file is said to have the last time.
const [prefix = '', path = '', count, wordsOfLast] = process.argv.slice(2)
const documents = Array.from({ length: Number(count) }, (_, n) => ({ name: `doc ${n}`, path, words: 3 }))
Object.assign(documents.at(-1) ?? {}, { name: 'the last', words: Number(wordsOfLast) })
const end = new AbortController()
process.once('SIGINT', () => end.abort(new Error('Ended by SIGINT.')))
const redisUrl = process.env.RQ_REDIS_URL ?? ''
try {
  const allRight = await runDemo({ redisUrl, prefix, signal: end.signal, documents })
  process.exitCode = allRight ? 0 : 1
} catch (error) {
  console.error(error)
  process.exitCode = 130
}
