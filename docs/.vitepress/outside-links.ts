import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

interface OutsideLinksOptions {
  /** The folder of the pages. */
  readonly docs: string
  /** The address of the repository. Without one, links to its files become plain text. */
  readonly repository: string | undefined
}

/**
 * Pages link to files of the repository that are not pages (`../README.md`), so that they can be read there, too. On
 * the site such a link leads to the repository.
 *
 * @throws Error when there is no such file.
 */
export function outsideLinks(markdown: MarkdownRenderer, { docs, repository }: OutsideLinksOptions): void {
  const root = join(docs, '..')
  const openLink = markdown.renderer.rules.link_open
  markdown.renderer.rules.link_open = (tokens, index, options, env, self) => {
    const token = tokens[index]
    const href = token?.attrGet('href') ?? ''
    const file = href.startsWith('.') ? join(dirname(join(docs, env.relativePath)), href.replace(/#.*/, '')) : docs
    if (token !== undefined && relative(docs, file).startsWith('..')) {
      if (!existsSync(file)) throw new Error(`${env.relativePath}: dead link ${href}`)
      const path = relative(root, file)
      if (repository === undefined) token.attrs = [['title', `In the repository: ${path}`]]
      else token.attrSet('href', `${repository}/blob/main/${path}${/#.*/.exec(href)?.[0] ?? ''}`)
      return self.renderToken(tokens, index, options)
    }
    return openLink === undefined
      ? self.renderToken(tokens, index, options)
      : openLink(tokens, index, options, env, self)
  }
}
