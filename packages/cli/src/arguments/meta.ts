import { UsageError } from '../exit-code.ts'
import { isRecord } from '../record.ts'
import { readArguments } from './arguments.ts'

/** The values of `--meta`, joined. @throws UsageError. */
export async function readMeta(given: readonly string[], folder: string): Promise<Record<string, unknown>> {
  const { args, kwargs } = await readArguments(given, folder)
  for (const value of args) {
    if (!isRecord(value)) throw new UsageError('Invalid --meta: expected a JSON object, key=value or key:=json.')
  }
  return Object.assign({}, ...args, kwargs)
}
