import { DEFAULT_PREFIX, URL_VARIABLES, WORKER_OPTIONS } from 'rq/options'
import { type Flag, flag, flagOf, lastOrNone, text } from './flags.ts'
import { FILE_VARIABLE } from './redis-address.ts'

const { codec, importPaths, serializer } = WORKER_OPTIONS

/** The flags that every command has. */
export const SHARED_FLAGS = {
  url: text({
    alias: 'u',
    valueName: 'url',
    describe: `redis://[user:password@]host[:port][/db]`,
    defaultDescription: `${URL_VARIABLES.map((name) => `$${name}`).join(', ')}, else localhost`,
  }),
  'url-file': text({
    valueName: 'file',
    describe: 'File that holds the URL, such as a mounted secret',
    defaultDescription: `$${FILE_VARIABLE}`,
  }),
  config: text({
    alias: 'c',
    valueName: 'file',
    coerce: lastOrNone,
    describe: 'Configuration file; --no-config uses none',
    defaultDescription: '$RQ_CONFIG, else rq.config.{js,mjs,ts} here or above',
  }),
  path: flagOf(importPaths),
  serializer: flagOf(serializer),
  codec: flagOf(codec),
  prefix: text({ describe: 'Prefix of all keys in Redis', defaultDescription: DEFAULT_PREFIX }),
  verbose: flag({ alias: 'v', describe: 'Verbose output with stack traces' }),
  quiet: flag({ describe: 'Print data and errors only' }),
  color: flag({ describe: 'Colours on a terminal; --no-color or $NO_COLOR turns them off' }),
  version: flag({ describe: 'Show the version' }),
  help: flag({ alias: 'h', describe: 'Show this help' }),
} as const satisfies Readonly<Record<string, Flag>>

/** `--json`, of every command that reads. */
export const JSON_FLAG = flag({ describe: 'Print one JSON document' })
