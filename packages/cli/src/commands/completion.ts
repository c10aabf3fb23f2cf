import { defineCommand } from '../command.ts'
import { completionScript, SHELLS, type Shell } from '../completion.ts'

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print a script for tab completion in bash or zsh',
  examples: [
    ['completion >> ~/.bashrc', 'Install it for bash'],
    ['completion zsh >> ~/.zshrc', 'Install it for zsh'],
  ],
  positionals: {
    shell: {
      choices: SHELLS,
      describe: 'Shell',
      defaultDescription: 'that of $SHELL, else bash',
    },
  },
  flags: {},
  async run({ shell }, { host, output }) {
    const own: Shell = host.env.SHELL?.endsWith('zsh') === true ? 'zsh' : 'bash'
    output.print(completionScript(shell ?? own).trimEnd())
    return undefined
  },
})
