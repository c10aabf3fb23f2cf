import { invalidOption } from '@rq/core'

/** Check an option that is true or false; default false. @throws RqError `RQ_INVALID_OPTION` naming `option`. */
export function flag(value: boolean | undefined, option: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw invalidOption(option, value, 'true or false')
}
