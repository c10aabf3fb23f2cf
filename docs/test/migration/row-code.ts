const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => (...values: unknown[]) => unknown

/**
 * Makes a function of a row's code, with these names as parameters. Its value is that of an expression, or of the
 * constant that it declares.
 */
export function functionOf(code: string, names: readonly string[]): (...values: unknown[]) => unknown {
  const declared = /^const (\w+) =/.exec(code)?.[1]
  if (declared !== undefined) return new AsyncFunction(...names, `${code}\nreturn ${declared}`)
  try {
    return new AsyncFunction(...names, `return (${code}\n)`)
  } catch {
    return new AsyncFunction(...names, code)
  }
}
