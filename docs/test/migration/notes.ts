import { readFile } from 'node:fs/promises'
import { tempDir } from '@rq/testkit'

/** A file for what jobs note, gone after the test. */
export async function notesFile(): Promise<string> {
  return (await tempDir()).path('notes')
}

/** What jobs have noted in a file. */
export async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
}
