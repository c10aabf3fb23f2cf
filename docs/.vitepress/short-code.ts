import type { MarkdownRenderer } from 'vitepress'

/** As many characters as fit beside another column on a phone. */
const SHORT = 24

/** Marks short code, so that the style sheet keeps it in one line: browsers break `--no-scheduler` after a hyphen. */
export function shortCode(markdown: MarkdownRenderer): void {
  const render = markdown.renderer.rules.code_inline
  markdown.renderer.rules.code_inline = (tokens, index, options, env, self) => {
    const token = tokens[index]
    if (token !== undefined && token.content.length <= SHORT) token.attrJoin('class', 'short')
    return render?.(tokens, index, options, env, self) ?? ''
  }
}
