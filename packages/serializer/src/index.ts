export { jsonSerializer } from './json.ts'
export { defaultSerializer, resolveSerializer, type SerializerOption } from './resolve.ts'
export { isSerializer, type Serializer, type TextSerializer } from './serializer.ts'
export { superjsonSerializer } from './superjson.ts'
