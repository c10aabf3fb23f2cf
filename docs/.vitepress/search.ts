import type { DefaultTheme } from 'vitepress'

export const search: DefaultTheme.LocalSearchOptions = {
  miniSearch: {
    searchOptions: {
      // Readers look for the guide first, and for decisions last. VitePress sends the text of this function to the
      // browser, so it can use nothing from outside.
      boostDocument: (page: string) => {
        if (/^\/(guide\/|jobs|time|cli)/.test(page)) return 2
        if (page.startsWith('/api/')) return 0.5
        return page.startsWith('/adr/') ? 0.3 : 1
      },
    },
  },
  _render(source, env, markdown) {
    const html = markdown.render(source, env)
    // "Parameters" and "Returns" of each function would be sections of their own, and bury the functions.
    return env.relativePath.startsWith('api/') ? html.replace(/<(\/?)h[4-6]\b[^>]*>/g, '<$1p>') : html
  },
}
