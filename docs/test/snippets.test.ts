import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { type Snippet, snippetsOf } from './snippets.ts'
import { tableCodeOf } from './table-code.ts'

const DOCS = fileURLToPath(new URL('..', import.meta.url))
const WORK = join(DOCS, '.cache/snippets')

interface Kind {
  readonly what: string
  readonly folder: string
  readonly ambient: readonly string[]
  readonly codeOf: (page: string) => readonly Snippet[]
}

it.each<Kind>([
  { what: 'blocks of pages', folder: '.', ambient: ['fragments.d.ts'], codeOf: snippetsOf },
  { what: 'blocks of the guide', folder: 'guide', ambient: [], codeOf: snippetsOf },
  { what: 'tables of the guide', folder: 'guide', ambient: ['fragments.d.ts'], codeOf: tableCodeOf },
])('the TypeScript in $what compiles', async ({ what, folder, ambient, codeOf }) => {
  const work = join(WORK, what.replaceAll(' ', '-'))
  await rm(work, { recursive: true, force: true })
  const places = new Map<string, string>()
  for (const page of (await readdir(join(DOCS, folder))).filter((file) => file.endsWith('.md'))) {
    const home = join(work, page.replace(/\.md$/, ''))
    await cp(join(DOCS, 'test/modules'), home, { recursive: true })
    for (const { file, line, code } of codeOf(join(DOCS, folder, page))) {
      await mkdir(dirname(join(home, file)), { recursive: true })
      await writeFile(join(home, file), code)
      places.set(join(page.replace(/\.md$/, ''), file), `docs/${join(folder, page)}, the block at line ${line}`)
    }
  }
  expect(places.size).toBeGreaterThan(5)
  await writeFile(join(work, 'tsconfig.json'), JSON.stringify(config(work, ambient)))
  expect(await complaints(work, places)).toEqual([])
})

/** Read as a user's compiler reads them: the built packages, and no options but `strict` and its kind. */
function config(work: string, ambient: readonly string[]) {
  return {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      moduleDetection: 'force',
      types: ['node'],
    },
    include: [work, ...ambient.map((file) => join(DOCS, 'test', file))],
  }
}

/** What the compiler says, with the block of the page in front. */
async function complaints(work: string, places: ReadonlyMap<string, string>): Promise<string[]> {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', work], { cwd: work }).catch(
    (failed) => failed,
  )
  return String(stdout)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${places.get(line.slice(0, line.indexOf('('))) ?? 'somewhere'}: ${line}`)
}
