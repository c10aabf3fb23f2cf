// build.mjs runs this in a process of its own: download, compile and place a redis-server. Arguments: version, folder.
import { RedisBinary } from 'redis-memory-server'

const [version = '', downloadDir = ''] = process.argv.slice(2)
await RedisBinary.getPath({ version, downloadDir })
