import type { WorkerOptions } from 'rq'
import { WEBHOOK_OPTIONS } from 'rq/options'
import type { CommandContext } from './command.ts'
import { flagNames, flagsOf, optionsFrom } from './flags.ts'

/** Holds the secret that signs webhooks, or several with spaces between them. */
const SECRET_VARIABLE = 'RQ_WEBHOOK_SECRET'

export const WEBHOOK_FLAGS = flagsOf(WEBHOOK_OPTIONS)

/** Where the parts of the option `webhooks` were typed, for messages. */
export const TYPED_WEBHOOKS: Readonly<Record<string, string>> = {
  'webhooks.allow': flagNames(WEBHOOK_OPTIONS).allow ?? '',
  'webhooks.sign.secret': SECRET_VARIABLE,
}

/** The option `webhooks` of a worker. Flags override the environment, which overrides the configuration file. */
export function webhooksOf(
  flags: Readonly<Record<string, unknown>>,
  { host, settings }: CommandContext,
): Pick<WorkerOptions, 'webhooks'> {
  const configured = settings.config.webhooks
  const { enabled, allow } = optionsFrom(WEBHOOK_OPTIONS, flags) as { enabled?: boolean; allow?: readonly string[] }
  if (enabled === false || (configured === false && allow === undefined)) return { webhooks: false }
  const secrets = host.env[SECRET_VARIABLE]?.split(/\s+/).filter((secret) => secret !== '') ?? []
  return {
    webhooks: {
      ...(configured !== false && configured),
      ...(allow !== undefined && { allow }),
      ...(secrets.length > 0 && { sign: { secret: secrets } }),
    },
  }
}
