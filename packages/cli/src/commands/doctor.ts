import { RqError } from '@rq/core'
import { defineCommand } from '../command.ts'
import { examine } from '../doctor/checks.ts'
import { type Finding, problem } from '../doctor/finding.ts'
import { readFacts } from '../doctor/read-facts.ts'
import { report, summary } from '../doctor/report.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check Redis, its settings, and what stands still',
  examples: [
    ['doctor', 'Exit code 1 when jobs can be lost, or work stands still'],
    ['doctor --json', 'For monitoring'],
  ],
  positionals: {},
  flags: { json: JSON_FLAG },
  async run({ json }, context) {
    const { output } = context
    await using session = await Session.open(context)
    const { exitCode, findings } = await examined(session)
    if (json === true) {
      const checks = findings.map(({ advice = null, ...finding }) => ({ ...finding, advice }))
      output.json({ ok: exitCode === EXIT.done, checks })
    } else {
      output.print(report(findings, output.paint, output.isTerminal ? output.columns : Number.POSITIVE_INFINITY))
      output.say(summary(findings))
    }
    return exitCode
  },
})

/** A server that cannot be reached, or refuses this user, is a finding as well. */
async function examined(session: Session): Promise<{ exitCode: ExitCode; findings: readonly Finding[] }> {
  try {
    const findings = examine(await readFacts(session))
    return { findings, exitCode: findings.some(({ level }) => level === 'problem') ? EXIT.failure : EXIT.done }
  } catch (error) {
    if (!(error instanceof RqError) || error.code === 'RQ_INVALID_OPTION' || error.code === 'RQ_CONFIG') throw error
    const advice = `rq-cli help ${error.code} says what it means.`
    return { findings: [problem('Connection', error.message, advice)], exitCode: exitCodeOf(error) }
  }
}
