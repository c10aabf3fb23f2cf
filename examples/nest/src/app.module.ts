import { Controller, Get, HttpCode, Inject, Module, NotFoundException, Param, Post } from '@nestjs/common'
import { Job, type Queue, RqError } from 'rq'
import { sendWelcome } from './jobs/mail.js'
import { MAIL_QUEUE, QueuesModule } from './queues.module.js'

@Controller()
export class UsersController {
  readonly #queue: Queue

  constructor(@Inject(MAIL_QUEUE) queue: Queue) {
    this.#queue = queue
  }

  @Post('users/:address')
  @HttpCode(202)
  async signUp(@Param('address') address: string): Promise<{ job: string }> {
    const job = await this.#queue.enqueue(sendWelcome, [address])
    return { job: job.id }
  }

  @Get('jobs/:id')
  async job(@Param('id') id: string): Promise<{ status: string; result: unknown }> {
    try {
      const job = await Job.fetch(id)
      return { status: await job.getStatus(), result: (await job.returnValue()) ?? null }
    } catch (error) {
      if (!(error instanceof RqError) || error.code !== 'RQ_NO_SUCH_JOB') throw error
      throw new NotFoundException('There is no such job. Results are kept for 500 seconds.')
    }
  }
}

@Module({ imports: [QueuesModule], controllers: [UsersController] })
export class AppModule {}
