// @ts-check
/** Loaded with `--import`: gives the program ioredis 5 in the place of ioredis 6. */
import { register } from 'node:module'

register(
  `data:text/javascript,${encodeURIComponent(`
    const from = ${JSON.stringify(new URL('../../redis/package.json', import.meta.url).href)}
    export const resolve = (specifier, context, next) =>
      specifier === 'ioredis' ? next('ioredis-5', { ...context, parentURL: from }) : next(specifier, context)
  `)}`,
)
