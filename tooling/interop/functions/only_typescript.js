/** Functions that only TypeScript workers have. */

export const cube = (number) => number ** 3

export const Calculator = { halve: (number) => number / 2 }

export const describe = (value) => `${typeof value} ${String(value)}`

export const keys = (value) => Object.keys(value).sort()

export const dates = () => ({ at: new Date(Date.UTC(2030, 0, 2, 3, 4, 5, 678)) })

export const länge = (text) => [...text].length

export const map = () => new Map([['a', 1]])

export const big = () => 2n ** 80n

export const unicodeText = () => 'Grüße, 世界 🎉 \u2028 "quoted" \\ and \x00'
