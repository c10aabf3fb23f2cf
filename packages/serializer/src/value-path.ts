import { show } from '@rq/core'

/** One step into a value: a property, an array index, or source text such as `.values()[3]` for a Map. */
export type Step = string | number | { readonly text: string }

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,79}$/u
/** The parts of a stored call. */
const CALL_PARTS = ['func', 'instance', 'args', 'kwargs']
const LONGEST = 20

/** The place in `root` to which the steps lead, as code: `args[0].callback` in a stored call, else `value.items[3]`. */
export function pathText(root: unknown, steps: readonly Step[]): string {
  const [first, ...rest] = steps
  const part = typeof first === 'number' && isCall(root) ? CALL_PARTS[first] : undefined
  const shown = part === undefined ? steps : rest
  const text = shown.slice(0, LONGEST).map(stepText).join('')
  return `${part ?? 'value'}${text}${shown.length > LONGEST ? '...' : ''}`
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'object') return step.text
  return IDENTIFIER.test(step) ? `.${step}` : `[${show(step)}]`
}

function isCall(root: unknown): boolean {
  try {
    if (!Array.isArray(root) || root.length !== CALL_PARTS.length) return false
    return typeof root[0] === 'string' && root[1] === null && Array.isArray(root[2])
  } catch {
    return false
  }
}
