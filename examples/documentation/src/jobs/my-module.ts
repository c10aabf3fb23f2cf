export const myFunc = (x: number, y: number): number => x * y
