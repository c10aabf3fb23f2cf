import { Process, Processor } from '@rq/nestjs'
import { MailService } from './mail.service.js'

@Processor('mail', { concurrency: 5 })
export class MailProcessor {
  readonly #mails: MailService

  constructor(mails: MailService) {
    this.#mails = mails
  }

  @Process('sendWelcome')
  sendWelcome({ to }: { to: string }): string {
    return this.#mails.welcome(to)
  }
}
