import { Inject, Module, type OnModuleDestroy } from '@nestjs/common'
import { Queue } from 'rq'

export const MAIL_QUEUE = 'MAIL_QUEUE'

@Module({
  providers: [{ provide: MAIL_QUEUE, useFactory: () => new Queue('mail') }],
  exports: [MAIL_QUEUE],
})
export class QueuesModule implements OnModuleDestroy {
  readonly #queue: Queue

  constructor(@Inject(MAIL_QUEUE) queue: Queue) {
    this.#queue = queue
  }

  onModuleDestroy(): Promise<void> {
    return this.#queue.close()
  }
}
