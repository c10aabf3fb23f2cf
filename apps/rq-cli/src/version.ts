/** What the build writes here (`scripts/bundle.mjs`); not defined where the sources run as they are. */
declare const RQ_VERSION: string | undefined

/** The version of this package. */
export const version: string = typeof RQ_VERSION === 'undefined' ? '0.0.0' : RQ_VERSION
