import { describe, expect, it } from 'vitest'
import { resolveExports, subpathsOf } from './package-exports.ts'

const conditions = new Set(['node', 'import'])
const resolve = (exports: unknown, subpath: string) => resolveExports(exports, subpath, conditions)

describe('resolveExports', () => {
  it('reads the short forms as the main entry', () => {
    expect(resolve('./a.js', '.')).toBe('./a.js')
    expect(resolve({ require: './a.cjs', import: './a.js' }, '.')).toBe('./a.js')
    expect(resolve('./a.js', './b')).toBeUndefined()
  })

  it('takes the first target whose conditions hold, in the order written', () => {
    const exports = { '.': { browser: './b.js', node: { require: './c.cjs' }, default: './d.js', import: './e.js' } }
    expect(resolve(exports, '.')).toBe('./d.js')
    expect(resolve({ '.': [{ browser: './b.js' }, 'not-a-path', './f.js'] }, '.')).toBe('./f.js')
  })

  it('prefers an exact subpath, then the pattern with the longest start', () => {
    const exports = { './x/*': './any/*.js', './x/y/*': './deep/*.js', './x/one': './one.js', './x/*.js': './ext/*.js' }
    expect(resolve(exports, './x/one')).toBe('./one.js')
    expect(resolve(exports, './x/two')).toBe('./any/two.js')
    expect(resolve(exports, './x/y/z')).toBe('./deep/z.js')
    expect(resolve(exports, './x/two.js')).toBe('./ext/two.js')
    expect(resolve(exports, './x/')).toBeUndefined()
  })

  it('fills every star of a target, whatever text stands for it', () => {
    expect(resolve({ './*': './lib/*/*.js' }, './$&')).toBe('./lib/$&/$&.js')
  })

  it('does not export what is set to null, nor what lies outside of the package', () => {
    const exports = { './*': './lib/*.js', './internal/*': null, './up': '../up.js', './url': 'node:fs' }
    expect(resolve(exports, './internal/a')).toBeUndefined()
    expect(resolve(exports, './up')).toBeUndefined()
    expect(resolve(exports, './url')).toBeUndefined()
    expect(resolve(exports, './constructor')).toBe('./lib/constructor.js')
    expect(resolve({ '.': './a.js' }, './toString')).toBeUndefined()
  })
})

describe('subpathsOf', () => {
  it('lists the subpaths that lead to a file under any condition', () => {
    const exports = {
      '.': './lib/main.js',
      './email': { source: './src/email.ts', default: ['./lib/email.js'] },
      './tasks/*': { import: './lib/*/*.js' },
      './all/*': './lib/*',
    }
    expect(subpathsOf(exports, './lib/main.js')).toEqual(['.', './all/main.js'])
    expect(subpathsOf(exports, './src/email.ts')).toEqual(['./email'])
    expect(subpathsOf(exports, './lib/clean/clean.js')).toEqual(['./tasks/clean', './all/clean/clean.js'])
    expect(subpathsOf(exports, './lib/clean/other.js')).toEqual(['./all/clean/other.js'])
    expect(subpathsOf(exports, './hidden.js')).toEqual([])
  })
})
