export const SHELLS = ['bash', 'zsh'] as const

export type Shell = (typeof SHELLS)[number]

/** The names under which the program is installed. */
const NAMES = 'rq-cli rq'

/**
 * At the tab key, each shell runs the program of the line, which prints one word per line. yargs distinguishes the
 * shells by their variables; for zsh it adds a description after a colon.
 */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Works in bash 3.2, the version of macOS.
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

/** The script that makes the shell complete commands, options and their values. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}

/** The completions of yargs, without letters of options written as names: `--b` is not an option. */
export function completionsOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^--\w(?::|$)/.test(line))
    .join('\n')
}
