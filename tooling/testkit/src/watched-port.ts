/** A method call on a port, with a name like `queues.enqueue` or `workers.claim`. */
export interface PortCall {
  readonly name: string
  readonly args: readonly unknown[]
}

/** Called instead of a method of a port; `run` makes the call. */
export type OnCall = (call: PortCall, run: () => Promise<unknown>) => Promise<unknown>

/** Methods that send nothing, or only subscribe. */
const LOCAL = new Set<unknown>(['expectEnd', 'waiter'])

/** Returns a port whose method calls go through `onCall`, except those that append to a pipeline or send nothing. */
export function watchedPort<Port extends object>(port: Port, name: string, onCall: OnCall): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (String(key).endsWith('Into') || LOCAL.has(key)) return member.bind(target)
      return (...args: unknown[]) =>
        onCall({ name: `${name}.${String(key)}`, args }, () => Reflect.apply(member, target, args))
    },
  })
}
