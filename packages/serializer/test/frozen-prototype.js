// @ts-check
import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { jsonSerializer, superjsonSerializer } from '@rq/serializer'

// A program with every prototype frozen, to be run with --disable-proto=throw. It reads `{ refused, harmless }`, lists
// of serialized texts, from stdin, and fails where a serializer does not treat them so.
const { refused, harmless } = JSON.parse(await text(process.stdin))
for (const { prototype } of [Object, Array, Map, Set, Date, Error]) Object.freeze(prototype)

const json = '{"__proto__":{"a":1},"constructor":2,"toString":3,"valueOf":4,"prototype":5}'
const rich = { at: new Date(0), tags: new Set([undefined]), e: new TypeError('m') }
const value = Object.assign(JSON.parse(json), { ...JSON.parse(json), ...rich })
const back = /** @type {Record<string, unknown>} */ (superjsonSerializer.loads(superjsonSerializer.dumps(value)))
const names = ['__proto__', 'constructor', 'toString', 'valueOf', 'prototype', 'at', 'tags', 'e']
assert.deepEqual(Object.keys(back), names)
assert.deepEqual([back.constructor, back.toString, back.at, back.tags], [2, 3, rich.at, rich.tags])
assert.equal(/** @type {Error} */ (back.e).message, 'm')

for (const one of refused) assert.throws(() => superjsonSerializer.loads(one), { code: 'RQ_DESERIALIZATION' })
for (const { dumps, loads } of [jsonSerializer, superjsonSerializer]) {
  for (const one of harmless) assert.equal(dumps(loads(one)), one)
}
process.stdout.write(`${refused.length} refused, ${harmless.length} read\n`)
