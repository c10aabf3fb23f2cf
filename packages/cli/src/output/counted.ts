/** A number and what is counted: `1 job`, `2 jobs`. */
export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
