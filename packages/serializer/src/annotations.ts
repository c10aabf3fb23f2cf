import { isBinaryJson, TYPED_ARRAYS } from './binary.ts'
import { MAX_DEPTH } from './depth.ts'
import { LONGEST_INTEGER } from './integer.ts'
import { isRecord, isUnsafeKey } from './keys.ts'

/**
 * Whether superjson's annotations of a value are valid as rq writes them: only known kinds of value, each fitting its
 * JSON, at existing own properties. Annotations are a tree: the kind of a part, and the annotations of the parts below
 * it.
 */
export function isAnnotated(json: unknown, annotation: unknown): boolean {
  /** Parts that superjson will have revived by then are no JSON any more: no later path may lead through them. */
  const revived = new Set<unknown>()

  const isNode = (json: unknown, annotation: unknown, depth: number): boolean => {
    if (!Array.isArray(annotation)) return isRecord(annotation) && areChildren(json, annotation, depth)
    const [type, children] = annotation
    if (annotation.length < 1 || annotation.length > 2 || !fits(json, type)) return false
    if (annotation.length === 2 && !(isRecord(children) && areChildren(json, children, depth))) return false
    if (typeof json === 'object') revived.add(json)
    return true
  }

  const areChildren = (json: unknown, children: Readonly<Record<string, unknown>>, depth: number): boolean =>
    Object.entries(children).every(([path, child]) => {
      const steps = stepsOf(path)
      const below = depth + steps.length
      return below <= LONGEST_PATH && isNode(steps.reduce(stepInto, json), child, below)
    })

  /** The own property or element, or `undefined`, which JSON never holds. */
  const stepInto = (json: unknown, key: string): unknown => {
    if (revived.has(json)) return undefined
    if (Array.isArray(json)) return INDEX.test(key) ? json[Number(key)] : undefined
    return isRecord(json) && Object.hasOwn(json, key) && !isUnsafeKey(key) ? json[key] : undefined
  }

  return isNode(json, annotation, 0)
}

/** A map's values lie two levels below it. */
const LONGEST_PATH = MAX_DEPTH + 2
const INDEX = /^(?:0|[1-9]\d{0,9})$/

/** Superjson joins keys with dots and puts a backslash before a dot or backslash in a key. */
function stepsOf(path: string): string[] {
  if (!path.includes('\\')) return path.split('.')
  const steps: string[] = []
  let step = ''
  for (const [token] of path.matchAll(/\\?./gs)) {
    if (token === '.') {
      steps.push(step)
      step = ''
    } else step += token.length === 2 ? token.slice(1) : token
  }
  return [...steps, step]
}

function fits(json: unknown, type: unknown): boolean {
  if (typeof type === 'string') return FITS.get(type)?.(json) ?? false
  if (!Array.isArray(type) || type.length !== 2) return false
  const [kind, name] = type
  if (kind === 'custom') {
    return (
      (name === 'error' && isRecord(json)) ||
      (name === 'entries' && arePairs(json)) ||
      (name === 'binary' && isBinaryJson(json))
    )
  }
  return (
    kind === 'typed-array' &&
    typeof name === 'string' &&
    Object.hasOwn(TYPED_ARRAYS, name) &&
    Array.isArray(json) &&
    json.every((item) => typeof item === 'number')
  )
}

const FITS: ReadonlyMap<string, (json: unknown) => boolean> = new Map([
  ['undefined', (json: unknown) => json === null],
  ['bigint', (json: unknown) => typeof json === 'string' && /^-?\d+$/.test(json) && json.length <= LONGEST_INTEGER],
  ['Date', (json: unknown) => typeof json === 'string' && !Number.isNaN(Date.parse(json))],
  ['regexp', (json: unknown) => typeof json === 'string' && json.startsWith('/')],
  ['URL', (json: unknown) => typeof json === 'string' && URL.canParse(json)],
  ['number', (json: unknown) => typeof json === 'string' && /^(?:NaN|-?Infinity|-0)$/.test(json)],
  ['set', Array.isArray],
  ['map', arePairs],
])

function arePairs(json: unknown): boolean {
  return Array.isArray(json) && json.every((pair) => Array.isArray(pair) && pair.length === 2)
}
