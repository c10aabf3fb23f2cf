export function isTransient(_error: unknown): boolean {
  return true
}
