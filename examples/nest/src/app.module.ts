import { Controller, Get, HttpCode, Module, NotFoundException, Param, Post } from '@nestjs/common'
import { InjectQueue } from '@rq/nestjs'
import type { Queue } from 'rq'
import { MailModule } from './mail/mail.module.js'

@Controller()
export class UsersController {
  readonly #mail: Queue

  constructor(@InjectQueue('mail') mail: Queue) {
    this.#mail = mail
  }

  @Post('users/:address')
  @HttpCode(202)
  async signUp(@Param('address') address: string): Promise<{ job: string }> {
    const job = await this.#mail.enqueue('sendWelcome', [{ to: address }])
    return { job: job.id }
  }

  @Get('jobs/:id')
  async job(@Param('id') id: string): Promise<{ status: string; result: unknown }> {
    const job = await this.#mail.fetchJob(id)
    if (job === null) throw new NotFoundException('There is no such job. Results are kept for 500 seconds.')
    return { status: await job.getStatus(), result: (await job.returnValue()) ?? null }
  }
}

@Module({ imports: [MailModule], controllers: [UsersController] })
export class AppModule {}
