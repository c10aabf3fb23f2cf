import { describe, expect, test } from 'vitest'
import { checkWords } from './check-words.mjs'

const wide = 'x'.repeat(110)

describe('checkWords', () => {
  test.each([
    ['a.ts', '/** Resolves when the store is told. */', "a.ts:1: 'told' in a comment, say it more directly"],
    ['a.ts', 'const a = 1 // for nobody', "a.ts:1: 'nobody' in a comment, say it more directly"],
    ['a.mjs', '\n/*\n * Waits for ever.\n */', "a.mjs:3: 'for ever' in a comment, say it more directly"],
    ['a.lua', 'local a = 1 -- Somebody waits.', "a.lua:1: 'Somebody' in a comment, say it more directly"],
    ['a.ts', `const a = '${wide}' // wide`, 'a.ts:1: a comment of 130 columns, at most 120 are allowed'],
    ['a.lua', `-- ${wide}${wide}`, 'a.lua:1: a comment of 223 columns, at most 120 are allowed'],
  ])('finds fault with %s: %s', (file, text, complaint) => {
    expect(checkWords(file, text)).toEqual([complaint])
  })

  test.each([
    ['a.ts', "test('nobody is told', () => {}) // A name."],
    ['a.ts', `const a = '// told ${wide}'`],
    ['a.lua', "local told = '--told'"],
    ['a.ts', '/** Logs, reports, returns. */'],
  ])('accepts %s: %s', (file, text) => {
    expect(checkWords(file, text)).toEqual([])
  })
})
