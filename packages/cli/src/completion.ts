export const SHELLS = ['bash', 'zsh'] as const

export type Shell = (typeof SHELLS)[number]

/** The names under which the program is installed. */
const NAMES = 'rq-cli rq'

/**
 * What each shell runs at a press of the tab key: the program that is being typed, which prints a word a line. yargs
 * recognizes the shell by its variables; with zsh a description follows a colon.
 */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Works in bash 3.2, which is what macOS brings.
  bash: `# Completion of rq-cli for bash: rq-cli completion bash >> ~/.bashrc
_rq_cli_completions() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(SHELL=bash ZSH_NAME= "\${COMP_WORDS[0]}" --get-yargs-completions "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _rq_cli_completions ${NAMES}
`,
  zsh: `#compdef ${NAMES}
# Completion of rq-cli for zsh: rq-cli completion zsh >> ~/.zshrc, after compinit
_rq_cli_completions() {
  local -a replies
  replies=("\${(@f)$(SHELL=zsh "\${words[1]}" --get-yargs-completions "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${replies[1]}" ]]; then
    _describe 'rq-cli' replies
  else
    _default
  fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then
  _rq_cli_completions "$@"
else
  compdef _rq_cli_completions ${NAMES}
fi
`,
}

/** A script that teaches the shell to complete commands, options and their values, to be sourced. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}

/** What yargs says to complete, without the letters of options spelled as names: `--b` is no option. */
export function completionsOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^--\w(?::|$)/.test(line))
    .join('\n')
}
