import { flag } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { CommandError } from './exit-code.ts'

/** `--yes`, of every command that destroys something. */
export const YES_OPTION = flag({ alias: 'y', describe: 'Do not ask' })

/** Ask before something is destroyed. Where nobody can be asked the command line itself is the answer. */
export async function confirm(question: string, isSure: boolean, { host }: CommandContext): Promise<void> {
  if (isSure) return
  if ((await host.confirm(question)) === false) throw new CommandError('Nothing was done.')
}
