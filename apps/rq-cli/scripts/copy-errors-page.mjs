import { copyFile } from 'node:fs/promises'

// `rq-cli help RQ_...` shows a section of it, also where there is no network.
await copyFile('../../docs/guide/errors.md', 'dist/errors.md')
