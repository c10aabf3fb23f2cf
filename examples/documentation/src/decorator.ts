import { add } from './jobs/add.ts'

const job = await add.delay(3, 4)
console.log(await job.result({ timeout: 30 }))
console.log(add(3, 4)) // still a function
