/** Ordinary functions, as a program would enqueue them. */
export const clean = (): string => 'clean'
export const report = (kind: string, count = 1): string => `${kind} ${count}`
export const send = (to: string, options: { subject: string }): string => `${to} ${options.subject}`
