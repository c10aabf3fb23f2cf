import { Retry } from '@rq/job'
import { getCurrentJob } from '../src/index.ts'

/** Ordinary functions, as a program would enqueue them. */
export const add = (x: number, y: number): number => x + y
export const addLater = async (x: number, y: number): Promise<number> => x + y
export const nothing = (): void => {}
export const greet = (name: string, greeting?: string): string => `${greeting ?? 'hello'} ${name}`
export const send = (to: string, options: { subject: string; urgent?: boolean }): string => `${to}: ${options.subject}`
export const identity = <T>(value: T): T => value
export function spread(...numbers: number[]): number {
  return numbers.length
}

export const boom = (): never => {
  throw new TypeError('boom')
}
export const currentId = (): string | undefined => getCurrentJob()?.id
export const again = (): Retry => new Retry({ max: 2, interval: 5 })
export const forever = (): Promise<void> => new Promise(() => {})
export const unserializable = (): unknown => () => {}

/** What callbacks were called with, newest last. */
export const heard: unknown[][] = []
export const onDone = (...args: unknown[]): void => {
  heard.push(['done', ...args])
}
export const onFailed = (...args: unknown[]): void => {
  heard.push(['failed', ...args])
}
export const onStopped = (...args: unknown[]): void => {
  heard.push(['stopped', ...args])
}
export const throwing = (): void => {
  throw new RangeError('the callback broke')
}
