/** Provided as true in the application contexts of work horses, which run jobs for a worker and have none. */
export const IN_HORSE = Symbol('RqModule in a work horse')
