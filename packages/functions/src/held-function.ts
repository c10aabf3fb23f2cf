import type { AnyFunction } from '@rq/job'

/** How many steps below the exports of a module are looked at. */
const DEEPEST = 3

/** What holds a function that no reference can name, as clauses for a message. */
export interface Held {
  readonly why: string
  readonly advice: string
}

const METHOD_ADVICE =
  'Its "this" cannot be sent to a worker: export a function that makes the object and calls the method.'
const MEMBER_ADVICE = 'Export it by itself, or in a plain object.'

/**
 * Where below the exports of its module a function is that no reference can name: it is a method of instances, or a
 * value in a Map, a Set or an array. Undefined when it is nowhere there. Calls no getters.
 */
export function heldBelow(exports: object, fn: AnyFunction): Held | undefined {
  // The class that has a method before those that inherit it.
  return search(exports, fn, false) ?? search(exports, fn, true)
}

function search(exports: object, fn: AnyFunction, withInherited: boolean): Held | undefined {
  const seen = new Set<unknown>()
  let level: [path: string, value: unknown][] = [['', exports]]
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const below: typeof level = []
    for (const [path, value] of level) {
      if (!isObject(value) || seen.has(value)) continue
      seen.add(value)
      const held = path === '' ? undefined : heldBy(path, value, fn, withInherited)
      if (held !== undefined) return held
      for (const [name, member] of members(value)) below.push([path === '' ? name : `${path}.${name}`, member])
    }
    level = below
  }
  return undefined
}

function heldBy(path: string, value: object, fn: AnyFunction, withInherited: boolean): Held | undefined {
  if (typeof value === 'function') {
    if (!isMember(prototypeOf(value), fn, withInherited)) return undefined
    return { why: `it is a method of the instances of ${path}`, advice: METHOD_ADVICE }
  }
  const kind = listKind(value)
  if (kind !== undefined) {
    const values: unknown[] = Array.isArray(value) ? value : [...(value as Map<unknown, unknown>).values()]
    return values.includes(fn) ? { why: `it is a value in the ${kind} ${path}`, advice: MEMBER_ADVICE } : undefined
  }
  if (prototypeChain(value).length === 0 || !isMember(value, fn, withInherited)) return undefined
  return { why: `it is a method of ${path}, which is an instance of a class`, advice: METHOD_ADVICE }
}

function listKind(value: object): string | undefined {
  if (Array.isArray(value)) return 'array'
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return kind === 'Map' || kind === 'Set' ? kind : undefined
}

function isMember(object: unknown, fn: AnyFunction, withInherited: boolean): boolean {
  if (!isObject(object)) return false
  return [object, ...(withInherited ? prototypeChain(object) : [])].some((one) =>
    members(one).some(([, member]) => member === fn),
  )
}

function prototypeOf(value: object): unknown {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.value
}

/** The prototypes of an object, without that of plain objects. */
function prototypeChain(object: object): object[] {
  const chain: object[] = []
  for (let one = Object.getPrototypeOf(object); one !== null; one = Object.getPrototypeOf(one)) chain.push(one)
  return chain.slice(0, -1)
}

function members(object: object): [string, unknown][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([name]) => name !== 'prototype' && name !== 'constructor')
    .map(([name, descriptor]) => [name, descriptor.value])
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
