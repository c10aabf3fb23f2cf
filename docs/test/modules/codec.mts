import { aesCodec } from 'rq'

export const codec = aesCodec({ keys: { k1: '' }, active: 'k1' })
