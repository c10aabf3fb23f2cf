import { resolveSerializer, type Serializer, type SerializerOption } from '@rq/serializer'
import { importFromHere } from './import-from-here.ts'

/**
 * Load a built-in serializer by its name, or the export of a module: `file:///app/serializer.js#serializer`.
 * @throws RqError `RQ_INVALID_OPTION` when the export is not a serializer; what the import throws.
 */
export async function loadSerializer(name: string): Promise<Serializer> {
  const hash = name.lastIndexOf('#')
  if (hash === -1) return resolveSerializer(name as 'json' | 'superjson')
  const module = await importFromHere(name.slice(0, hash))
  return resolveSerializer(module[name.slice(hash + 1)] as SerializerOption)
}
