import { Module } from '@nestjs/common'
import { MailService } from './mail.service.js'

/** What the jobs need, without the web server. */
@Module({ providers: [MailService], exports: [MailService] })
export class MailModule {}
