import 'reflect-metadata'
import { nestJobs } from '@rq/nestjs'
import { MailModule } from './mail/mail.module.js'

/** What `rq-cli worker --jobs ./dist/jobs.js` runs: each work horse makes an application context of this module. */
export default nestJobs(MailModule)
