/**
 * The most characters of an integer, Python's own limit. Reading takes time that grows with the square of the digits.
 */
export const LONGEST_INTEGER = 4300

const BEYOND = 10n ** BigInt(LONGEST_INTEGER - 1)

/** Whether a BigInt is short enough to be written, its sign included. */
export const isWritableInteger = (value: bigint): boolean => -BEYOND < value && value < BEYOND
