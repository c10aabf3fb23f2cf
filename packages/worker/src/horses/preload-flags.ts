/**
 * Node's flags for a horse that loads `imports` first. What they load has source maps, as jobs have; but the horse's own
 * modules have none unless something is loaded before them: Node would read the map of each, a seventh of its start.
 */
export function preloadFlags(imports: readonly string[]): string[] {
  if (imports.length === 0) return []
  return ['--enable-source-maps', ...imports.map((specifier) => `--import=${specifier}`)]
}
