/** The job of every measurement whose jobs run apart from the worker. */
export function noop(payload) {
  return payload === undefined ? undefined : 1
}
