import { Queue } from 'rq'
import { countWordsAtUrl } from './jobs/somewhere.ts'
import { PAGE } from './page.ts'

const q = new Queue('low')
const unique = { key: `count ${PAGE}`, for: '10s' } // at most one in ten seconds

const first = await q.enqueue(countWordsAtUrl, [PAGE], { unique })
const again = await q.enqueue(countWordsAtUrl, [PAGE], { unique })
console.log(again.id === first.id, first.isDuplicate, again.isDuplicate)
console.log(await again.result({ timeout: 30 }))
