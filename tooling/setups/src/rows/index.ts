import type { Group, Setup } from '../setup.ts'
import { BUNDLERS } from './bundlers.ts'
import { FRAMEWORKS } from './frameworks.ts'
import { NODE } from './node.ts'
import { PACKAGE_MANAGERS } from './package-managers.ts'
import { RUNTIMES } from './runtimes.ts'
import { TEST_RUNNERS } from './test-runners.ts'
import { TYPESCRIPT } from './typescript.ts'

/** In the order of the page. */
export const GROUPS: readonly Group[] = [
  { title: 'Package managers', setups: PACKAGE_MANAGERS },
  { title: 'Node.js', setups: NODE },
  { title: 'Deno and Bun', setups: RUNTIMES },
  { title: 'Types', setups: TYPESCRIPT },
  { title: 'Test runners', setups: TEST_RUNNERS },
  { title: 'Bundlers', setups: BUNDLERS },
  { title: 'Frameworks', setups: FRAMEWORKS },
]

export const SETUPS: readonly Setup[] = GROUPS.flatMap(({ setups }) => setups)
