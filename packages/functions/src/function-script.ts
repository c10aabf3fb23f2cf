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

/** A place within the code of a function: its parameters begin there. Line and column count from 0. */
export interface Place {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}

type Post = (method: string, params?: object) => Record<string, unknown>

/** A remote object of the inspector's protocol, as far as it is read here. */
interface Remote {
  readonly objectId?: string
  readonly value?: Place
}

/** Scripts seen so far. Ids are never reused within an isolate, so an entry stays valid. */
const scripts = new Map<string, Script>()
const SLOT = Symbol.for('rq.function.slot')
const MOST_TARGETS = 10

/**
 * The script in which `fn` was written; undefined for built-in, native and bound functions.
 * Synchronous. A first call takes some milliseconds; the debugger is on only while an unknown script is looked up.
 * @throws RqError `RQ_INVALID_REFERENCE` where Node's inspector is not available.
 */
export function scriptOf(fn: AnyFunction): Script | undefined {
  return withInspector((post) => {
    const place = propertiesOf(objectIdOf(fn, post), post).get('[[FunctionLocation]]')?.value
    return place && knownScript(place.scriptId, post)
  })
}

/**
 * Where `fn` was written, or the function that it is bound to or a proxy of; undefined for native functions.
 * Synchronous, and much faster than {@link scriptOf}, since the debugger stays off.
 * @throws as {@link scriptOf}.
 */
export function placeOf(fn: AnyFunction): Place | undefined {
  return withInspector((post) => {
    let objectId = objectIdOf(fn, post)
    for (let targets = 0; targets < MOST_TARGETS; targets++) {
      const properties = propertiesOf(objectId, post)
      const target = properties.get('[[TargetFunction]]') ?? properties.get('[[Target]]')
      if (target === undefined) return properties.get('[[FunctionLocation]]')?.value
      objectId = target.objectId
    }
    return undefined
  })
}

/** The script with an id of {@link placeOf}. @throws as {@link scriptOf}. */
export function scriptWithId(id: string): Script | undefined {
  return scripts.get(id) ?? withInspector((post) => knownScript(id, post))
}

/** Every script that is loaded in this isolate now, in the order of loading. */
export function loadedScripts(): readonly Script[] {
  withInspector((post) => post('Debugger.enable'))
  return [...scripts.values()]
}

function knownScript(id: string, post: Post): Script | undefined {
  if (!scripts.has(id)) post('Debugger.enable')
  return scripts.get(id)
}

function objectIdOf(fn: AnyFunction, post: Post): string | undefined {
  // The only object that this module and the inspector's global scope certainly share, also inside a vm context.
  const shared = process as unknown as Record<symbol, AnyFunction | undefined>
  shared[SLOT] = fn
  try {
    const { result } = post('Runtime.evaluate', { expression: `process[Symbol.for('${SLOT.description}')]` })
    return (result as Remote | undefined)?.objectId
  } finally {
    delete shared[SLOT]
  }
}

/** What the engine keeps about an object, by names such as `[[FunctionLocation]]`. */
function propertiesOf(objectId: string | undefined, post: Post): ReadonlyMap<string, Remote | undefined> {
  if (objectId === undefined) return new Map()
  const { internalProperties } = post('Runtime.getProperties', { objectId, ownProperties: true })
  const properties = (internalProperties ?? []) as readonly { name: string; value?: Remote }[]
  return new Map(properties.map(({ name, value }) => [name, value]))
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
