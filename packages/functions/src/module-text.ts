/** `export` and what may follow it when it exports a value, and CommonJS's `exports` in any form. */
const EXPORTS =
  /\bexport\s*(?:\/[*/]|[*=@]|\{(?!\s*\})|(?:default|const|let|var|function|async|class|abstract|enum|namespace|module|import|using|await)\b)|\bexports\b|\bmodule\s*\[/

/**
 * Whether the text of a module exports something. A module that does not is a script: importing it would run it, and
 * give no function. Read from the text, since it must be known before the import; comments and strings that look like
 * an export count as one.
 */
export function exportsSomething(text: string): boolean {
  return EXPORTS.test(text)
}
