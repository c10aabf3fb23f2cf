import { afterAll, beforeAll, expect, it } from 'vitest'
import { createProject, installedPackages, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const FILES = {
  'package.json': '{"type":"module"}',
  'node_modules/dep/package.json': '{"name":"dep","type":"module","exports":"./index.js"}',
  'node_modules/dep/index.js': 'export const memoize = (fn) => (...args) => fn(...args)',
  'jobs.js': `
    import { memoize } from 'dep'
    export const own = () => 1
    export const memoized = memoize(own)
    export const again = memoize(own)
    export const called = (...args) => memoized(...args)`,
  'produce.mjs': `
    import { referenceOf } from '@rq/functions'
    import { again, called, memoized, own } from './jobs.js'
    const warnings = []
    const said = []
    for (const fn of [own, called, memoized, again]) {
      said.push(await referenceOf(fn, { warn: (message) => warnings.push(message) }))
    }
    console.log(JSON.stringify({ warnings, said: said.join() }))`,
}

it('a producer warns once of a module whose function a package has made, which workers refuse', async () => {
  await using project = await createProject(FILES)
  expect(await project.run('produce.mjs')).toEqual({
    said: './jobs#own,./jobs#called,./jobs#memoized,./jobs#again',
    warnings: [
      'jobs.js exports a function that the package "dep" has made, and workers run it only with "dep" in their allow option: or export a function of your own that calls it',
    ],
  })
  expect(await project.load(['./jobs#memoized', './jobs#called'])).toEqual({
    './jobs#memoized': expect.stringMatching(/^RQ_FUNCTION_NOT_ALLOWED: .* was written in the package "dep"/),
    './jobs#called': 1,
  })
})
