import { writeFile } from 'node:fs/promises'
import { tempDir } from '@rq/testkit'

/** The module `gate` of a test's folder. Its job `pass` runs until the gate of this file is open. */
export const GATE_MODULE = `
import { existsSync, writeFileSync } from 'node:fs'
export const pass = async (file) => {
  writeFileSync(file + '-begun', '')
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20))
  writeFileSync(file + '-passed', '')
  return 'done'
}
`

/** Holds a job in another process until the test lets it end, however slow either is. */
export interface Gate extends AsyncDisposable {
  /** The argument of the job. */
  readonly file: string
  /** It is there when the job has begun: one that has not goes back to its queue when its worker pauses or stops. */
  readonly begunFile: string
  /** It is there when the job is about to return. */
  readonly passedFile: string
  open(): Promise<void>
}

/** A closed gate. */
export async function makeGate(): Promise<Gate> {
  const folder = await tempDir()
  const file = folder.path('gate')
  return {
    file,
    begunFile: `${file}-begun`,
    passedFile: `${file}-passed`,
    open: () => writeFile(file, ''),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
