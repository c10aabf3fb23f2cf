import { Module } from '@nestjs/common'
import { RqModule } from '@rq/nestjs'
import { MailProcessor } from './mail.processor.js'
import { MailService } from './mail.service.js'

/**
 * The queue, its jobs and what they need, without the web server. The connection is that of `RQ_REDIS_URL`. With
 * `JOBS=elsewhere` a process runs no jobs, and workers of `rq-cli` do.
 */
@Module({
  imports: [
    RqModule.forRoot(process.env.JOBS === 'elsewhere' ? { worker: false } : {}),
    RqModule.registerQueue({ name: 'mail' }),
  ],
  providers: [MailProcessor, MailService],
  exports: [RqModule],
})
export class MailModule {}
