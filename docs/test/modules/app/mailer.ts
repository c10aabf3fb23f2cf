interface Mailer {
  send(to: string, subject: string, options: { idempotencyKey: string; signal: AbortSignal }): Promise<void>
  dropBounced(): Promise<number>
  close(): Promise<void>
}

export declare function openMailer(url: string | undefined): Promise<Mailer>
