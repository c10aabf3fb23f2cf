import { MarkdownPageEvent } from 'typedoc-plugin-markdown'

/** Which class of which package declares a member says nothing to a reader of `rq`. */
const ORIGIN = /\n#{3,6} (?:Inherited from|Overrides)\n\n[^\n]+\n/g

/** Bases without a page: a class of the same name that another package of ours has, or a type that is made from one. */
const HIDDEN_BASE = /\n## Extends\n\n(?:- [^\n[]*\n)+/g

/** A plugin of TypeDoc that leaves out where members were declared. */
export function load(app) {
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents?.replace(ORIGIN, '').replace(HIDDEN_BASE, '')
  })
}
