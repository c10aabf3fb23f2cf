import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERROR_CODES } from '@rq/core'
import { expect, it } from 'vitest'
import { guide } from '../.vitepress/guide.ts'
import { deadAnchors } from './headings.ts'

const DOCS = fileURLToPath(new URL('..', import.meta.url))

const linked = guide.flatMap(({ items }) => items.map(({ link }) => link))

it('every page of the sidebar exists', () => {
  const missing = linked.filter((link) => !existsSync(`${DOCS}${link.endsWith('/') ? `${link}index` : link}.md`))
  expect(missing).toEqual([])
})

it('every page is in the sidebar', () => {
  const pages = ['', 'guide/'].flatMap((folder) =>
    readdirSync(`${DOCS}${folder}`)
      .filter((file) => file.endsWith('.md'))
      .map((file) => `/${folder}${file.replace(/\.md$/, '')}`),
  )
  expect(pages.filter((page) => page !== '/index' && !linked.includes(page))).toEqual([])
})

it('every link to a heading leads to one', () => {
  const pages = ['', 'guide/', 'adr/'].flatMap((folder) =>
    readdirSync(`${DOCS}${folder}`)
      .filter((file) => file.endsWith('.md'))
      .map((file) => `${DOCS}${folder}${file}`),
  )
  expect([...pages, `${DOCS}../README.md`].flatMap(deadAnchors)).toEqual([])
})

it('every error code has a section of its own', () => {
  const headings = [...readFileSync(`${DOCS}guide/errors.md`, 'utf8').matchAll(/^### (RQ_\w+)$/gm)].map(
    ([, code]) => code,
  )
  expect(headings.sort()).toEqual([...ERROR_CODES].sort())
})

it('every test that production-pains.md names exists, and each row names one', () => {
  const rows = readFileSync(`${DOCS}guide/production-pains.md`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
  const claims = rows.filter((row) => !/^\|(---| what went wrong )/.test(row))
  expect(claims.length).toBeGreaterThan(20)
  for (const row of claims) {
    const tests = [...row.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, file = '']) => file)
    expect(tests, row).not.toEqual([])
    expect(tests.filter((file) => !existsSync(`${DOCS}../${file}`))).toEqual([])
  }
})
