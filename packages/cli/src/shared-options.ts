import type { Argv } from 'yargs'
import type { SharedOptions } from './settings.ts'

const GROUP = 'Options of all commands:'

/** The options that every command has, under a heading of their own. */
export function sharedOptions(yargs: Argv): Argv<SharedOptions> {
  return yargs.options({
    url: {
      alias: 'u',
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'Where Redis is: redis://[user:password@]host[:port][/db] [RQ_REDIS_URL, REDIS_URL]',
    },
    config: {
      alias: 'c',
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'Configuration file [RQ_CONFIG; rq.config.{js,mjs,ts} here or above]',
    },
    path: {
      alias: 'P',
      type: 'string',
      array: true,
      requiresArg: true,
      group: GROUP,
      describe: 'Folder to import functions from, repeatable',
      defaultDescription: 'the working directory',
    },
    serializer: {
      alias: 'S',
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'How values are stored: json, superjson or module#export',
      defaultDescription: 'superjson',
    },
    prefix: {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'What every key in Redis begins with',
      defaultDescription: 'rq:',
    },
    verbose: { alias: 'v', type: 'boolean', default: false, group: GROUP, describe: 'Say more, with stacks of errors' },
    quiet: { type: 'boolean', default: false, group: GROUP, describe: 'Only data and errors' },
    color: {
      type: 'boolean',
      default: true,
      group: GROUP,
      describe: 'Colours on a terminal; --no-color for plain [NO_COLOR]',
    },
  }) as unknown as Argv<SharedOptions>
}

/** `--json`, of every command that reads. */
export const JSON_OPTION = { type: 'boolean', default: false, describe: 'One JSON document on stdout' } as const
