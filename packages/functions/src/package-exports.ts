// Not the library `resolve.exports`: it stops at nested conditions of which none holds, where Node goes on to the next
// one, and it accepts targets outside of the package. It cannot find the subpaths of a file either.

/** The `exports` field of a package.json, as it was parsed. */
export type PackageExports = unknown

/**
 * The file (`./dist/email.js`) that a subpath (`.` or `./email`) leads to, by the rules of Node's ES module resolution;
 * undefined when the package does not export it.
 */
export function resolveExports(
  exports: PackageExports,
  subpath: string,
  conditions: ReadonlySet<string>,
): string | undefined {
  const table = subpaths(exports)
  if (Object.hasOwn(table, subpath) && !subpath.includes('*')) return pick(table[subpath], '', conditions) ?? undefined
  const [best] = Object.keys(table)
    .filter((key) => starIn(key, subpath) !== undefined)
    .sort(bySpecificity)
  if (best === undefined) return undefined
  return pick(table[best], starIn(best, subpath) ?? '', conditions) ?? undefined
}

/** Every subpath by which a package exports `file` (`./dist/email.js`) under any condition. */
export function subpathsOf(exports: PackageExports, file: string): string[] {
  const found: string[] = []
  for (const [key, target] of Object.entries(subpaths(exports))) {
    for (const leaf of leaves(target)) {
      if (!key.includes('*')) {
        if (leaf === file) found.push(key)
        continue
      }
      const star = starIn(leaf, file)
      if (star !== undefined) found.push(fillStars(key, star))
    }
  }
  return [...new Set(found)]
}

/** `exports` in its long form: a table from subpath to target. */
function subpaths(exports: PackageExports): Readonly<Record<string, unknown>> {
  if (isTable(exports) && Object.keys(exports).every((key) => key.startsWith('.'))) return exports
  return { '.': exports }
}

/** The first target whose conditions hold. Null ends the search, as a refusal; undefined lets it go on. */
function pick(target: unknown, star: string, conditions: ReadonlySet<string>): string | null | undefined {
  if (target === null) return null
  if (typeof target === 'string') return target.startsWith('./') ? fillStars(target, star) : undefined
  if (Array.isArray(target)) {
    for (const one of target) {
      const picked = pick(one, star, conditions)
      if (typeof picked === 'string') return picked
    }
    return undefined
  }
  if (!isTable(target)) return undefined
  for (const [condition, inner] of Object.entries(target)) {
    if (condition !== 'default' && !conditions.has(condition)) continue
    const picked = pick(inner, star, conditions)
    if (picked !== undefined) return picked
  }
  return undefined
}

function leaves(target: unknown): string[] {
  if (typeof target === 'string') return [target]
  if (Array.isArray(target)) return target.flatMap(leaves)
  return isTable(target) ? Object.values(target).flatMap(leaves) : []
}

/**
 * What every `*` of a pattern stands for in `text`, at least one character; undefined when it does not match or has no
 * star.
 */
function starIn(pattern: string, text: string): string | undefined {
  const parts = pattern.split('*')
  const stars = parts.length - 1
  const length = (text.length - parts.join('').length) / stars
  if (!Number.isInteger(length) || length < 1) return undefined
  const start = pattern.indexOf('*')
  const star = text.slice(start, start + length)
  return fillStars(pattern, star) === text ? star : undefined
}

function fillStars(pattern: string, star: string): string {
  return pattern.replaceAll('*', () => star)
}

function bySpecificity(a: string, b: string): number {
  return b.indexOf('*') - a.indexOf('*') || b.length - a.length
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
