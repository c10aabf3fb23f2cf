import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'

/**
 * Debian starts a newly installed redis-server by itself, on 6379 and at every boot. A policy file, which is the
 * system's way to forbid that, exists only while the install runs, and never replaces one that exists already.
 */
const APT = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
new_enough() {
  apt-cache policy "$1" | sed -n 's/^ *Candidate: //p' | sed 's/^[0-9]*://' | awk -F. -v major="$2" -v minor="$3" \\
    '$1 + 0 > major || ($1 + 0 == major && $2 + 0 >= minor) { found = 1 } END { exit !found }'
}
apt-get update -qq || true
if new_enough redis-server 7 0; then package=redis-server
elif new_enough valkey-server 7 2; then package=valkey-server
else echo "apt-get has no Redis >= 7.0 and no Valkey >= 7.2 here." >&2; exit 1
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" > /dev/null
if command -v systemctl > /dev/null; then systemctl disable "$package" > /dev/null 2>&1 || true; fi
`

/** In order of preference. `brew` refuses root and needs no rights; the others need root. */
const MANAGERS = [
  { name: 'apt-get', needsRoot: true, script: APT },
  { name: 'dnf', needsRoot: true, script: 'dnf install -y -q valkey || dnf install -y -q redis' },
  { name: 'apk', needsRoot: true, script: 'apk add -q valkey || apk add -q redis' },
  { name: 'brew', needsRoot: false, script: 'brew install -q redis' },
]

/**
 * A way to install a server on this machine.
 * @typedef {{ name: string, command: string, args: string[] }} Installer
 */

/**
 * The first installer that this user has the rights for, else undefined.
 * @returns {Promise<Installer | undefined>}
 */
export async function findInstaller() {
  for (const { name, needsRoot, script } of MANAGERS) {
    if (!(await succeeds('sh', ['-c', `command -v ${name}`]))) continue
    if (!needsRoot || process.getuid?.() === 0) return { name, command: 'sh', args: ['-c', script] }
    if (await succeeds('sudo', ['-n', 'true'])) return { name, command: 'sudo', args: ['-n', 'sh', '-c', script] }
  }
  return undefined
}

/**
 * Ask on a terminal. Without a terminal the answer is yes.
 * @param {string} question
 * @throws Error when the answer is Ctrl-C.
 */
export async function consents(question) {
  if (!process.stdin.isTTY || !process.stderr.isTTY || process.env.CI) return true
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = new Promise((_, reject) => {
    terminal.once('SIGINT', () => reject(new Error('Ended by Ctrl-C.')))
  })
  try {
    const answer = await Promise.race([terminal.question(`${question} [Y/n] `), interrupted])
    return !/^\s*n/i.test(String(answer))
  } finally {
    terminal.close()
  }
}

/**
 * Run the installer.
 * @param {Installer} installer
 * @returns {Promise<string | undefined>} its error; undefined when it succeeded
 */
export async function install({ command, args }) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text
  })
  const [code] = await once(child, 'close')
  return code === 0 ? undefined : complaint.trim()
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function succeeds(command, args) {
  const child = spawn(command, args, { stdio: 'ignore' })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
