import { Injectable } from '@nestjs/common'

/** Sends mails. A real one would have a transport. */
@Injectable()
export class MailService {
  welcome(address: string): string {
    return `Welcome, ${address}`
  }
}
