import { isMainThread } from 'node:worker_threads'
import { RqError, show } from '@rq/core'

/** The error for a reference that may not be followed. */
export function notAllowed(reference: string, why: string): RqError {
  return new RqError('RQ_FUNCTION_NOT_ALLOWED', `Refused to load ${show(reference)}: ${why}.`, {
    details: { reference },
  })
}

/** The error for a reference to nothing. */
export function notFound(reference: string, why: string, cause?: unknown): RqError {
  return new RqError('RQ_FUNCTION_NOT_FOUND', `Cannot load ${show(reference)}: ${why}.`, {
    details: { reference },
    cause,
  })
}

/**
 * Whether an error says that a process lacks a function: no such module, export or registered name. Another build may
 * have it. A module that is there and cannot be loaded, which has a cause, is not unknown.
 */
export function isUnknownFunction(error: unknown): error is RqError {
  return error instanceof RqError && error.code === 'RQ_FUNCTION_NOT_FOUND' && error.cause === undefined
}

/**
 * The error with advice, when `error` means that this process cannot load the TypeScript of `path`; undefined for any
 * other error.
 */
export function unreadableTypeScript(reference: string, path: string, error: unknown): RqError | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    // Node's own words, such as "TypeScript enum is not supported in strip-only mode".
    const [why] = String(message).split('\n')
    return notFound(
      reference,
      `${path}, or a module that it imports, has TypeScript that Node.js cannot run by itself: ${why}. Build it, or start the worker with a loader such as --import tsx`,
      error,
    )
  }
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !path.endsWith('ts')) return undefined
  return notFound(
    reference,
    isMainThread
      ? `${path} is TypeScript, which this process cannot load. Build it, or start the worker with a loader such as --import tsx`
      : `${path} is TypeScript, which this thread cannot load. Build it, start the worker with --import tsx, or run jobs in processes, since other loaders may not work in threads`,
    error,
  )
}
