import { defineCommand } from '../command.ts'
import { completionScript, SHELLS, type Shell } from '../completion.ts'

export const completion = defineCommand({
  name: 'completion',
  positional: '[shell]',
  summary: 'Print a script that completes commands and options in bash or zsh',
  examples: [
    ['completion >> ~/.bashrc', 'For good, in bash'],
    ['completion zsh >> ~/.zshrc', 'For good, in zsh'],
  ],
  options: (yargs) =>
    yargs.positional('shell', {
      choices: SHELLS,
      describe: 'Which shell',
      defaultDescription: 'that of $SHELL, else bash',
    }),
  async run({ shell }, { host, output }) {
    const own: Shell = host.env.SHELL?.endsWith('zsh') === true ? 'zsh' : 'bash'
    output.print(completionScript(shell ?? own).trimEnd())
    return undefined
  },
})
