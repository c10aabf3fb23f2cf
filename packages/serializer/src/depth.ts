/**
 * How deeply JSON may be nested. Python's reader stops near 1000 levels, its own stack included;
 * JavaScript's stack lasts longer, but not by much in code that recurses.
 */
export const MAX_DEPTH = 500
