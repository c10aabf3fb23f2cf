import type { Session } from 'node:inspector'
import process from 'node:process'
import { RqError } from '@rq/core'
import type { AnyFunction } from '@rq/job'

/** A module or other source as the engine knows it. */
export interface Script {
  readonly id: string
  /** `file:` for modules, `node:` for built-in modules, empty or a label for evaluated source. */
  readonly url: string
  /** True for an ES module, false for a CommonJS module or anything else. */
  readonly isModule: boolean
}

type Post = (method: string, params?: object) => Record<string, unknown>

/** Scripts seen so far. Ids are never reused within an isolate, so an entry stays valid. */
const scripts = new Map<string, Script>()
const SLOT = Symbol.for('rq.function.slot')

/**
 * The script in which `fn` was written; undefined for built-in, native and bound functions.
 * Synchronous. A first call takes some milliseconds; the debugger is on only while an unknown script is looked up.
 * @throws RqError `RQ_INVALID_REFERENCE` where Node's inspector is not available.
 */
export function scriptOf(fn: AnyFunction): Script | undefined {
  return withInspector((post) => {
    const id = scriptId(fn, post)
    if (id !== undefined && !scripts.has(id)) post('Debugger.enable')
    return id === undefined ? undefined : scripts.get(id)
  })
}

/** Every script that is loaded in this isolate now, in the order of loading. */
export function loadedScripts(): readonly Script[] {
  withInspector((post) => post('Debugger.enable'))
  return [...scripts.values()]
}

function scriptId(fn: AnyFunction, post: Post): string | undefined {
  // The only object that this module and the inspector's global scope certainly share, also inside a vm context.
  const shared = process as unknown as Record<symbol, AnyFunction | undefined>
  shared[SLOT] = fn
  try {
    const { result } = post('Runtime.evaluate', { expression: `process[Symbol.for('${SLOT.description}')]` })
    const objectId = (result as { objectId?: string }).objectId
    if (objectId === undefined) return undefined
    const { internalProperties } = post('Runtime.getProperties', { objectId, ownProperties: true })
    const properties = internalProperties as { name: string; value?: { value?: { scriptId?: string } } }[] | undefined
    return properties?.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value?.scriptId
  } finally {
    delete shared[SLOT]
  }
}

function withInspector<T>(ask: (post: Post) => T): T {
  const session = openSession()
  session.on('Debugger.scriptParsed', ({ params }) => {
    scripts.set(params.scriptId, { id: params.scriptId, url: params.url, isModule: params.isModule ?? false })
  })
  try {
    // A session on its own isolate answers within the call.
    return ask((method, params) => {
      let reply: Record<string, unknown> = {}
      session.post(method, params, (error: unknown, result?: object) => {
        if (error === null && result !== undefined) reply = result as Record<string, unknown>
      })
      return reply
    })
  } finally {
    session.disconnect()
  }
}

function openSession(): Session {
  try {
    const session = new (process.getBuiltinModule('node:inspector').Session)()
    session.connect()
    return session
  } catch (cause) {
    throw new RqError(
      'RQ_INVALID_REFERENCE',
      "Cannot find out where a function was written: Node's inspector is missing or not permitted here (--permission). Enqueue by reference: ref('./path/to/module#export').",
      { cause },
    )
  }
}
