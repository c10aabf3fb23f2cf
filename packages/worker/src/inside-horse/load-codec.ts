import { type Codec, checkCodec } from '@rq/serializer'
import { importFromHere } from './import-from-here.ts'

/**
 * Load the codec that a module exports: `file:///app/codec.js#codec`.
 * @throws RqError `RQ_INVALID_OPTION` when the export is no codec; what the import throws.
 */
export async function loadCodec(reference: string): Promise<Codec> {
  const hash = reference.lastIndexOf('#')
  const module = await importFromHere(reference.slice(0, hash))
  return checkCodec(module[reference.slice(hash + 1)])
}
