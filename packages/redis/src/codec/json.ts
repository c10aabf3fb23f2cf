/** What programs write here has four levels at most. */
const MOST_LEVELS = 32
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** The bit that differs between small and capital letters also does between `[` and `{`, and between `]` and `}`. */
const CASE = 0x20
const OPEN = 0x7b
const CLOSE = 0x7d

/**
 * Parse JSON that another program may have written. Undefined if it is not JSON, or has more levels than anything of
 * ours: it would be parsed, with thirty times its size, and then break whatever walks through it.
 */
export function parseJson(json: string): unknown {
  if (hasManyLevels(json)) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function hasManyLevels(json: string): boolean {
  let levels = 0
  let isQuoted = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) isQuoted = !isQuoted
    else if (isQuoted) {
      if (code === BACKSLASH) at++
    } else if ((code | CASE) === OPEN) {
      if (++levels > MOST_LEVELS) return true
    } else if ((code | CASE) === CLOSE) levels--
  }
  return false
}

/** Whether a parsed value is an object or a list, so that it can have properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
