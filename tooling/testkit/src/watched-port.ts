/** A call of a method of a port: its name is `queues.enqueue`, `workers.claim`, ... */
export interface PortCall {
  readonly name: string
  readonly args: readonly unknown[]
}

/** Sees a call before it is made; `run` makes it. */
export type OnCall = (call: PortCall, run: () => Promise<unknown>) => Promise<unknown>

/** A port whose asynchronous calls go through `onCall`. What is appended to pipelines does not. */
export function watchedPort<Port extends object>(port: Port, name: string, onCall: OnCall): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (String(key).endsWith('Into')) return member.bind(target)
      return (...args: unknown[]) =>
        onCall({ name: `${name}.${String(key)}`, args }, () => Reflect.apply(member, target, args))
    },
  })
}
