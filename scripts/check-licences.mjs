import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readPackages } from './check-boundaries.mjs'
import { INCLUDED } from './included.mjs'

/** The licences of what users install with our packages. Each lets anybody use it in a program of any licence. */
const LICENCES = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'])

/** The scripts that an installation runs. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall']

/**
 * What is wrong with the packages of others that users install with ours, one line each: another licence than those of
 * the list, or code that an installation runs. It reads what is installed here.
 * @param {string} root The workspace.
 * @returns {Promise<string[]>}
 */
export async function checkLicences(root) {
  const published = (await readPackages(root)).filter(({ manifest }) => manifest.private !== true)
  const ours = new Set(published.map(({ manifest }) => manifest.name))
  /** @type {Set<string>} The folders of packages of others. */
  const seen = new Set()
  /** @type {string[]} */
  const complaints = []
  /** @param {string} folder @param {import('./check-boundaries.mjs').Manifest} manifest */
  const follow = async (folder, manifest) => {
    const optional = manifest.optionalDependencies ?? {}
    const included = ours.has(manifest.name) ? INCLUDED.filter((name) => manifest.devDependencies?.[name]) : []
    for (const name of [...Object.keys({ ...manifest.dependencies, ...optional }), ...included]) {
      if (ours.has(name)) continue
      const found = await find(name, folder)
      if (found === undefined) {
        if (optional[name] === undefined) complaints.push(`${name}, which ${manifest.name} needs, is not installed`)
      } else if (!seen.has(found)) {
        seen.add(found)
        const theirs = JSON.parse(await readFile(join(found, 'package.json'), 'utf8'))
        complaints.push(...faultsOf(found, theirs))
        await follow(found, theirs)
      }
    }
  }
  for (const { folder, manifest } of published) await follow(folder, manifest)
  return complaints.sort()
}

/**
 * @param {string} folder
 * @param {{ name: string, version: string, license?: unknown, scripts?: Record<string, string> }} manifest
 * @returns {string[]}
 */
function faultsOf(folder, { name, version, license, scripts = {} }) {
  const run = INSTALL_SCRIPTS.filter((script) => scripts[script] !== undefined)
  // npm builds a package that has this file.
  if (existsSync(join(folder, 'binding.gyp'))) run.push('binding.gyp')
  return [
    ...(isAllowed(license)
      ? []
      : [`${name} ${version} has the licence ${JSON.stringify(license)}, which is not allowed`]),
    ...run.map((script) => `${name} ${version} runs code when it is installed (${script})`),
  ]
}

/** @param {unknown} license As SPDX writes it. Of alternatives, one is enough. */
function isAllowed(license) {
  if (typeof license !== 'string') return false
  return license
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((one) => LICENCES.has(one))
}

/**
 * The folder of a package, as Node would find it from another one.
 * @param {string} name
 * @param {string} from
 * @returns {Promise<string | undefined>}
 */
async function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (basename(folder) !== 'node_modules' && existsSync(join(candidate, 'package.json'))) return realpath(candidate)
    if (folder === dirname(folder)) return undefined
  }
}
