export const generateReport = (): string => 'a report'
export const sendReport = (): string => 'sent'

export const foo = (): string => 'foo'
export const bar = (): string => 'bar'
export const baz = (): string => 'baz'

export const sayHello = (): string => 'Hi there!'

export function divByZero(): number {
  throw new RangeError('division by zero')
}

export function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}
