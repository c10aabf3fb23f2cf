import type { CommandContext } from './command.ts'
import { CommandError } from './exit-code.ts'
import { flag } from './flags.ts'

/** `--yes`, of every command that destroys something. */
export const YES_FLAG = flag({ alias: 'y', describe: 'Do not ask for confirmation' })

/**
 * Ask before something is destroyed. Without a terminal there is no question: the command itself is the answer.
 * @throws CommandError if the answer is no.
 */
export async function confirm(question: string, isSure: boolean | undefined, { host }: CommandContext): Promise<void> {
  if (isSure === true) return
  if ((await host.confirm(question)) === false) throw new CommandError('Nothing was done.')
}
