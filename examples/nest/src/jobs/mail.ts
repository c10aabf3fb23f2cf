import 'reflect-metadata'
import type { INestApplicationContext } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { MailModule } from '../mail/mail.module.js'
import { MailService } from '../mail/mail.service.js'

let context: Promise<INestApplicationContext> | undefined

/** A job runs in a process of its own, which makes its services once, for all jobs that it runs. */
async function service<T>(type: new () => T): Promise<T> {
  context ??= NestFactory.createApplicationContext(MailModule, { logger: false })
  return (await context).get(type)
}

export async function sendWelcome(address: string): Promise<string> {
  return (await service(MailService)).welcome(address)
}
