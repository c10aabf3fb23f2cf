import type { Session } from 'node:inspector'
import process from 'node:process'
import type { AnyFunction } from '@rq/job'

/** A module or other source as the engine knows it. */
export interface Script {
  readonly id: string
  /**
   * `file:` for modules, `node:` for built-in modules, a path for what a test runner has loaded, empty or a label for
   * evaluated source.
   */
  readonly url: string
  /** True for an ES module, false for a CommonJS module or anything else. */
  readonly isModule: boolean
  /** What the source says of its source map; empty when there is none. */
  readonly sourceMapUrl: string
}

/** A place within the code of a function: its parameters begin there. Line and column count from 0. */
export interface Place {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}

/** The place of a function, or of the function that it is bound to or a proxy of. */
export interface FoundPlace extends Place {
  readonly isTarget: boolean
}

/** Asks the engine. The reply is empty when it refuses. */
type Post = (method: string, params?: object) => Promise<Record<string, unknown>>

/** A remote object of the inspector's protocol, as far as it is read here. */
interface Remote {
  readonly objectId?: string
  readonly value?: Place
}

/** Scripts seen so far. Ids are never reused within an isolate, so an entry stays valid. */
const scripts = new Map<string, Script>()
const MOST_TARGETS = 10

/**
 * Where `fn` was written, or the function that it is bound to or a proxy of; `native` for functions without source;
 * `unknown` where the engine does not say it: Bun, `--permission`, a build of Node without its inspector.
 * Takes some milliseconds at the first call; the debugger stays off.
 */
export function placeOf(fn: AnyFunction): Promise<FoundPlace | 'native' | 'unknown'> {
  return withInspector('unknown', async (post) => {
    let objectId = await objectIdOf(fn, post)
    if (objectId === undefined) return 'unknown'
    for (let targets = 0; targets < MOST_TARGETS; targets++) {
      const properties = await propertiesOf(objectId, post)
      const target = properties.get('[[TargetFunction]]') ?? properties.get('[[Target]]')
      const place = properties.get('[[FunctionLocation]]')?.value
      if (target === undefined) return place === undefined ? 'native' : { ...place, isTarget: targets > 0 }
      objectId = target.objectId
    }
    return 'native'
  })
}

/** The script with an id of {@link placeOf}. The debugger is on for a moment when it was not seen before. */
export async function scriptWithId(id: string): Promise<Script | undefined> {
  if (!scripts.has(id)) await seeScripts()
  return scripts.get(id)
}

/** Every script that is loaded in this isolate now, in the order of loading; none where the engine does not say it. */
export async function loadedScripts(): Promise<readonly Script[]> {
  await seeScripts()
  return [...scripts.values()]
}

/** The engine reports all scripts when the debugger is turned on. */
function seeScripts(): Promise<unknown> {
  return withInspector(undefined, (post) => post('Debugger.enable'))
}

/** Functions that the engine is asked about, by a number. Engines answer in a while, Node.js at once. */
const asked = new Map<number, AnyFunction>()
let questions = 0
const SLOT = Symbol.for('rq.function.slot')

async function objectIdOf(fn: AnyFunction, post: Post): Promise<string | undefined> {
  const question = questions++
  asked.set(question, fn)
  // A module of the runtime is what this module and the inspector's global scope certainly share. Test runners have a
  // `process` of their own.
  const shared: object & { [SLOT]?: unknown } = process.getBuiltinModule('node:inspector')
  shared[SLOT] = asked
  const expression = `process.getBuiltinModule('node:inspector')[Symbol.for('${SLOT.description}')].get(${question})`
  try {
    const { result } = await post('Runtime.evaluate', { expression })
    return (result as Remote | undefined)?.objectId
  } finally {
    asked.delete(question)
    if (asked.size === 0) delete shared[SLOT]
  }
}

/** What the engine keeps about an object, by names such as `[[FunctionLocation]]`. */
async function propertiesOf(
  objectId: string | undefined,
  post: Post,
): Promise<ReadonlyMap<string, Remote | undefined>> {
  if (objectId === undefined) return new Map()
  const { internalProperties } = await post('Runtime.getProperties', { objectId, ownProperties: true })
  const properties = (internalProperties ?? []) as readonly { name: string; value?: Remote }[]
  return new Map(properties.map(({ name, value }) => [name, value]))
}

async function withInspector<T>(otherwise: T, ask: (post: Post) => Promise<T>): Promise<T> {
  const session = openSession()
  if (session === undefined) return otherwise
  session.on('Debugger.scriptParsed', ({ params }) => {
    const { isModule = false, scriptId: id, sourceMapURL: sourceMapUrl = '', url } = params
    scripts.set(id, { id, url, isModule, sourceMapUrl })
  })
  try {
    return await ask((method, params) => {
      return new Promise((resolve) => {
        session.post(method, params, (_error: unknown, result?: object) => {
          resolve((result ?? {}) as Record<string, unknown>)
        })
      })
    })
  } finally {
    session.disconnect()
  }
}

/** Undefined where the inspector is missing or not permitted. */
function openSession(): Session | undefined {
  try {
    const session = new (process.getBuiltinModule('node:inspector').Session)()
    session.connect()
    return session
  } catch {
    return undefined
  }
}
