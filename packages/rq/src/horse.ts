/**
 * What work horses, threads and pool members run when a worker is part of a bundle: bundle this module into a file of
 * its own, and give the path of that file to workers as `horsePath`. All parts of rq that they need are in it.
 */
import { REDIS_MODULE } from '@rq/redis'
import { runHorse } from '@rq/worker/horse'

runHorse({ [REDIS_MODULE]: () => import('@rq/redis') })
