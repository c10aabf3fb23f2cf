import { describe, expect, it } from 'vitest'
import { exportsSomething } from './module-text.ts'

describe('exportsSomething', () => {
  it.each([
    'export const a = 1',
    'export default () => {}',
    'const a=1;export{a as b}',
    "export * from './a.js'",
    "export*as all from'./a.js'",
    '/* c8 ignore next */ export async function run() {}',
    '@job() export class Mail {}',
    'export @job() class Mail {}',
    'export /* why */ const a = 1',
    'export {\n  a,\n}',
    'export enum Kind { A }',
    'export = run',
    'exports.run = () => {}',
    'module.exports = run',
    "module['exports'] = run",
    'module[name()] = run',
    "Object.defineProperty(exports, '__esModule', { value: true })",
    "__exportStar(require('./a'), exports)",
    '(function (factory) { typeof exports === "object" ? factory(exports) : 0 })(run)',
  ])('sees that %j does', (text) => {
    expect(exportsSomething(text)).toBe(true)
  })

  it.each([
    "import './setup.js'\nawait wipe()",
    '// export the users to a file\nawait exportUsers()',
    'export {}',
    'export { }\nconsole.log(1)',
    "export type { Job } from './job.js'\nexport interface Job {}",
    'if (require.main === module) main()',
    'const book = { export: true }; book.export()',
    '',
  ])('sees that %j does not', (text) => {
    expect(exportsSomething(text)).toBe(false)
  })
})
