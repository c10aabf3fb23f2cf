import { createRequire } from 'node:module'
import process from 'node:process'

/**
 * The `require` of this process, for its cache of CommonJS modules, its extensions, and absolute paths. Made when it is
 * used, and for a path that always exists: in a bundle no module knows where its file is.
 */
export function commonJs(): NodeJS.Require {
  return createRequire(process.execPath)
}
