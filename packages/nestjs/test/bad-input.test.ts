import 'reflect-metadata'
import { Injectable, Module, type ModuleMetadata, Scope, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Queue } from 'rq'
import { describe, expect, it } from 'vitest'
import { InjectQueue, nestJobs, Process, Processor, RqModule } from '../src/index.ts'

/** What the compiler of TypeScript makes of `@Process(name) run() {}` in a class. */
function processed(type: Type, name: string): Type {
  const run = Object.getOwnPropertyDescriptor(type.prototype, 'run') as PropertyDescriptor
  Process(name)(type.prototype, 'run', run)
  return type
}

class Sender {
  run(): void {}
}

class Mailer extends Sender {
  override run(): void {}
}

class Reporter {
  run(): void {}
}

/** Create an application that has no worker, so that nothing connects. */
async function create(providers: readonly Type[], more: ModuleMetadata = {}, options: object = {}): Promise<void> {
  class AppModule {}
  const imports = [
    RqModule.forRoot({ worker: false, ...options }),
    RqModule.registerQueue('mail'),
    ...(more.imports ?? []),
  ]
  Module({ imports, providers: [...providers] })(AppModule)
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
  await app.close()
}

describe('an application refuses', () => {
  it('a name that two methods have', async () => {
    class First extends Sender {
      override run(): void {}
    }
    class Second extends Sender {
      override run(): void {}
    }
    for (const type of [First, Second]) Processor('mail')(processed(type, 'send'))
    await expect(create([First])).resolves.toBeUndefined()
    await expect(create([First, Second])).rejects.toMatchObject({
      code: 'RQ_CONFIG',
      message: "Second.run and First.run both have @Process('send'). Rename one of them.",
    })
  })

  it('a processor whose queue is not registered', async () => {
    Processor('reports')(processed(Reporter, 'count'))
    await expect(create([Reporter])).rejects.toMatchObject({
      code: 'RQ_CONFIG',
      message:
        "Reporter processes the queue 'reports', which is not registered. Import RqModule.registerQueue({ name: 'reports' }).",
    })
    await expect(create([Reporter], { imports: [RqModule.registerQueue('reports')] })).resolves.toBeUndefined()
  })

  it('a class that can run no job', async () => {
    class Idle {}
    Processor('mail')(Idle)
    await expect(create([Idle])).rejects.toThrow('Idle has no method with @Process()')
    await expect(create([processed(Mailer, 'mail')])).rejects.toThrow('Mailer has @Process(), but no @Processor()')
    class Scoped extends Sender {
      override run(): void {}
    }
    Injectable({ scope: Scope.REQUEST })(Processor('mail')(processed(Scoped, 'scoped')) ?? Scoped)
    await expect(create([Scoped])).rejects.toThrow('Scoped is made for each request, and jobs have none')
  })

  it('different options of processors for one queue', async () => {
    class Slow extends Sender {
      override run(): void {}
    }
    class Quick extends Sender {
      override run(): void {}
    }
    Processor('mail', { concurrency: 1 })(processed(Slow, 'slow'))
    Processor('mail', { concurrency: 9 })(processed(Quick, 'quick'))
    await expect(create([Slow, Quick])).rejects.toThrow(
      "Quick and another processor of 'mail' have different values of 'concurrency'. Set 'concurrency' in one",
    )
  })

  it('names of jobs and generators that defineJobs refuses, before it connects', async () => {
    class Odd extends Sender {
      override run(): void {}
    }
    Processor('mail')(processed(Odd, 'send mail'))
    await expect(create([Odd], {}, { worker: {} })).rejects.toThrow('Invalid name of a job: got "send mail"')
    class Endless {
      *run() {}
    }
    Processor('mail')(processed(Endless, 'endless'))
    await expect(create([Endless], {}, { worker: {} })).rejects.toThrow('Invalid jobs.endless.run')
  })

  it('options that it does not know', async () => {
    const unknown = (options: object) => expect(create([], {}, options)).rejects
    await unknown({ conection: 'x' }).toThrow(
      'Invalid option name of RqModule.forRoot(): got "conection", expected \'connection\'',
    )
    expect(() => RqModule.registerQueue({ name: 'mail', prefx: 'x' } as never)).toThrow('RqModule.registerQueue()')
    expect(() => RqModule.forRootAsync({})).toThrow('expected useFactory, useClass or useExisting')
    expect(() => Processor('mail', { concurency: 2 } as never)).toThrow("@Processor('mail')")
    expect(() => Process('mail', { schema: {} } as never)).toThrow("@Process('mail')")
    expect(() => Process(undefined as never)).toThrow('Invalid name of @Process()')
    class Horses extends Sender {
      override run(): void {}
    }
    Processor('mail')(processed(Horses, 'horses'))
    await expect(create([Horses], {}, { worker: { horse: 'thread' } })).rejects.toThrow(
      "expected 'inline', or with 'worker.jobs'",
    )
    await expect(create([Horses], {}, { worker: { concurency: 2 } })).rejects.toThrow("expected 'concurrency'")
  })

  it('a queue without forRoot()', async () => {
    class AppModule {}
    Module({ imports: [RqModule.registerQueue('mail')] })(AppModule)
    const creating = NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
    await expect(creating).rejects.toThrow('Import RqModule.forRoot() in the root module.')
  })
})

describe('InjectQueue', () => {
  it('gets the queue with the options of forRoot() and its own', async () => {
    class Shop {
      readonly queue: Queue
      constructor(queue: Queue) {
        this.queue = queue
      }
    }
    InjectQueue('mail')(Shop, undefined as never, 0)
    class AppModule {}
    const imports = [RqModule.forRoot({ prefix: 'shop:' }), RqModule.registerQueue({ name: 'mail' })]
    Module({ imports, providers: [Shop] })(AppModule)
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
    expect(app.get(Shop).queue).toMatchObject({ name: 'mail', connectionOptions: { prefix: 'shop:' } })
    await app.close()
  })
})

describe('nestJobs', () => {
  it('makes no context before a work horse needs it', () => {
    class Broken {
      constructor() {
        throw new Error('made too early')
      }
    }
    expect(Object.keys(nestJobs(Broken))).toEqual([])
  })
})
