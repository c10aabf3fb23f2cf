import 'reflect-metadata'
import { Inject, Module, type ModuleMetadata, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { redisFixture } from '@rq/testkit'
import type { Queue } from 'rq'
import { expect, it } from 'vitest'
import {
  getQueueToken,
  RqModule,
  type RqModuleAsyncOptions,
  type RqModuleOptions,
  type RqOptionsFactory,
} from '../src/index.ts'

/** What a module of the application knows of its settings. */
class Settings {
  where = { connection: '', prefix: '' }
}

class RqSettings implements RqOptionsFactory {
  static made = 0

  readonly #settings: Settings

  constructor(given: Settings) {
    this.#settings = given
    RqSettings.made++
  }

  async createRqOptions(): Promise<RqModuleOptions> {
    return { worker: false, ...this.#settings.where }
  }
}
Inject(Settings)(RqSettings, undefined, 0)

function moduleOf(metadata: ModuleMetadata): Type {
  class Made {}
  Module(metadata)(Made)
  return Made
}

const settings = new Settings()
const SettingsModule = moduleOf({ providers: [{ provide: Settings, useValue: settings }], exports: [Settings] })
const RqSettingsModule = moduleOf({ imports: [SettingsModule], providers: [RqSettings], exports: [RqSettings] })

async function create(options: RqModuleAsyncOptions) {
  const AppModule = moduleOf({ imports: [RqModule.forRootAsync(options), RqModule.registerQueue('mail')] })
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
}

it.each<[string, RqModuleAsyncOptions]>([
  ['a class that it makes', { imports: [SettingsModule], useClass: RqSettings }],
  ['a provider of another module', { imports: [RqSettingsModule], useExisting: RqSettings }],
])('takes its options from %s, once', async (_, options) => {
  await using redis = await redisFixture()
  settings.where = { connection: redis.url, prefix: redis.prefix }
  RqSettings.made = 0
  const app = await create(options)
  await app.get<Queue>(getQueueToken('mail'), { strict: false }).enqueue('sendWelcome')
  expect(await redis.client.llen(`${redis.prefix}queue:mail`)).toBe(1)
  expect(RqSettings.made).toBe(1)
  await app.close()
})

it('ends with the error of a factory that fails', async () => {
  const failing = {
    useFactory: async () => {
      throw new TypeError('no settings')
    },
  }
  await expect(create(failing)).rejects.toThrow('no settings')
})

it('refuses options that come from nowhere', async () => {
  await expect(create({})).rejects.toMatchObject({
    code: 'RQ_INVALID_OPTION',
    message: expect.stringContaining('useFactory, useClass or useExisting'),
  })
})
