import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const BLOCK = /^( *)```[\s\S]*?^\1```/gm

function textOf(page: string): string {
  return readFileSync(page, 'utf8').replace(BLOCK, '')
}

/** The anchor that VitePress gives a heading. */
function anchorOf(heading: string): string {
  const words = heading
    .replace(/\[([^\]]*)\]\([^)]*\)|[`*]/g, '$1')
    .replace(/[\s~!@#$%^&*()\-+=[\]{}|\\;:"'“”‘’<>,.?/_]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()
  return /^\d/.test(words) ? `_${words}` : words
}

/** The links of a page to headings that do not exist, in itself or in another page. */
export function deadAnchors(page: string): string[] {
  const links = [...textOf(page).matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)]
  return links
    .filter(([, path = '', anchor = '']) => {
      if (/^https?:|\/api\//.test(path)) return false
      const target = path === '' ? page : join(dirname(page), path)
      return ![...textOf(target).matchAll(/^#+ (.*)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor)
    })
    .map(([, path, anchor]) => `${page}: ${path}#${anchor}`)
}
