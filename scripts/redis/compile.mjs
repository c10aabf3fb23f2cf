// Run by build.mjs in a process of its own: fetch, compile and place a redis-server. Arguments: version, folder.
import { RedisBinary } from 'redis-memory-server'

const [version = '', downloadDir = ''] = process.argv.slice(2)
await RedisBinary.getPath({ version, downloadDir })
