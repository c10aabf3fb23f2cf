const failures = new WeakSet<object>()

/**
 * Note that an error comes from a module that failed while it was imported, and return the error. A value that is no
 * object cannot be noted.
 */
export function asImportFailure<E>(error: E): E {
  if (typeof error === 'object' && error !== null) failures.add(error)
  return error
}

/**
 * Whether an error comes from a module that failed while it was imported. Node.js keeps that failure: each further
 * import of the module in this process or thread fails in the same way.
 */
export function isImportFailure(error: unknown): boolean {
  return typeof error === 'object' && error !== null && failures.has(error)
}
