import type { Check, Facts, Finding } from './finding.ts'
import {
  broken,
  cron,
  overdue,
  paused,
  schedules,
  suspended,
  unknownNames,
  unread,
  unserved,
  workers,
} from './queue-checks.ts'
import { rights } from './rights-check.ts'
import { clock, eviction, latency, memory, persistence, replicas, role, version } from './server-checks.ts'

/** All checks, in the order of the report. */
const CHECKS: readonly Check[] = [
  ...[version, role, rights, eviction, memory, persistence, replicas, latency, clock],
  ...[workers, suspended, paused, unserved, unknownNames, overdue, broken, cron, schedules, unread],
]

export function examine(facts: Facts): Finding[] {
  return CHECKS.flatMap((check) => check(facts))
}
