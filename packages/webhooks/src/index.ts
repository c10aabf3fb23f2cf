export { type CallFailure, callWebhook } from './call-webhook.ts'
export { type WebhookCall, type WebhookCallsOptions, webhookCalls } from './webhook-calls.ts'
export { checkWebhookPolicy, type WebhookPolicy, type WebhookPolicyOptions } from './webhook-policy.ts'
export { Webhooks, type WebhooksOptions } from './webhooks.ts'
