import type { Setup } from '../setup.ts'
import { BUNDLERS } from './bundlers.ts'
import { FRAMEWORKS } from './frameworks.ts'
import { NODE } from './node.ts'
import { PACKAGE_MANAGERS } from './package-managers.ts'
import { RUNTIMES } from './runtimes.ts'
import { TEST_RUNNERS } from './test-runners.ts'
import { TYPESCRIPT } from './typescript.ts'

/** All set-ups, in the order of the table. */
export const SETUPS: readonly Setup[] = [
  ...PACKAGE_MANAGERS,
  ...NODE,
  ...TYPESCRIPT,
  ...TEST_RUNNERS,
  ...BUNDLERS,
  ...FRAMEWORKS,
  ...RUNTIMES,
]
