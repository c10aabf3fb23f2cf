import { job } from 'rq'

export const add = job('low', { timeout: 5 })((x: number, y: number) => x + y)
