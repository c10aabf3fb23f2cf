import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { checkLicences } from './check-licences.mjs'
import { packAll } from './pack.mjs'
import { ROOT } from './run.mjs'

/** The files that every package must contain. */
const FIELDS = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'engines',
  'files',
  'exports',
  'sideEffects',
]
const FILES = ['README.md', 'LICENSE', 'package.json']

/**
 * The problems of one package in the form in which it would be published.
 * @param {string} tarball
 * @returns {Promise<string[]>}
 */
async function lintPacked(tarball) {
  const bytes = new Uint8Array(await readFile(tarball))
  const published = createPackageFromTarballData(bytes)
  const base = `/node_modules/${published.packageName}`
  const manifest = JSON.parse(published.readFile(`${base}/package.json`))
  return [
    ...FIELDS.filter((field) => manifest[field] === undefined).map((field) => `package.json has no "${field}"`),
    ...FILES.filter((name) => !published.fileExists(`${base}/${name}`)).map((name) => `${name} is not packed`),
    ...published
      .listFiles(base)
      .filter((name) => /\.test\.[cm]?[jt]s/.test(name))
      .map((name) => `${name} is packed`),
    ...deadLinks(published, base),
    ...(await publintMessages(bytes)),
    ...(await typeProblems(published)),
  ]
}

/**
 * Links of the README to files that are not in the package.
 * @param {import('@arethetypeswrong/core').Package} published
 * @param {string} base
 */
function deadLinks(published, base) {
  if (!published.fileExists(`${base}/README.md`)) return []
  const links = published.readFile(`${base}/README.md`).matchAll(/\]\((?!https?:|#)([^)#]+)/g)
  return [...links]
    .filter(([, path = '']) => !published.fileExists(posix.join(base, path)))
    .map(([, path]) => `README.md links to ${path}, which is not packed`)
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function publintMessages(bytes) {
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, level: 'warning', strict: true })
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
}

/** @param {import('@arethetypeswrong/core').Package} published */
async function typeProblems(published) {
  const analysis = await checkPackage(published)
  if (!analysis.types) return ['types: none found']
  return analysis.problems.map((problem) => `types: ${JSON.stringify(problem)}`)
}

for (const complaint of await checkLicences(ROOT)) {
  console.error(complaint)
  process.exitCode = 1
}

const scratch = await mkdtemp(join(tmpdir(), 'rq-pack-'))
try {
  for (const [name, tarball] of await packAll(scratch)) {
    for (const complaint of await lintPacked(tarball)) {
      console.error(`${name}: ${complaint}`)
      process.exitCode = 1
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
