// Sends a message to a webhook of Slack or Teams: to the host that the plan names, with few tries, and no redirect.
import { setTimeout as pause } from 'node:timers/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'

export interface CycleMessage {
  readonly title: string
  readonly lines: readonly string[]
  /** The same for the same run and output, so that a receiver can tell a repeated one. */
  readonly id: string
}

export type WebhookService = 'slack' | 'teams'

const tries = 3
const firstPauseMs = 1000
const timeoutMs = 10_000

export const webhookPayload = (service: WebhookService, { title, lines }: CycleMessage): Readonly<Record<string, unknown>> => {
  if (service === 'slack') {
    const plain = [title, ...lines].map((line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    return { text: `*${plain[0]!}*\n${plain.slice(1).join('\n')}` }
  }
  const block = (text: string, style: Readonly<Record<string, unknown>> = {}) => ({ type: 'TextBlock', text, wrap: true, ...style })
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [block(title, { weight: 'Bolder' }), ...lines.map((line) => block(line))],
        },
      },
    ],
  }
}

/** Fills `${NAME}`, which stands behind the host alone, from the environment. Throws config-invalid for a variable that is not set. */
export const fillUrl = (url: string, environment: Readonly<Record<string, string | undefined>>): URL =>
  new URL(
    url.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = environment[name]
      if (value !== undefined && value !== '') return value
      throw new HeadroomError('config-invalid', `The plan's webhook needs the variable ${name}, which is not set.`, {
        next: `Set ${name} in the environment.`,
      })
    }),
  )

/** Throws delivery-failed; its message names the host, never the address. */
export const sendWebhook = async (
  url: URL,
  service: WebhookService,
  message: CycleMessage,
  { signal, pauseMs = firstPauseMs }: { readonly signal?: AbortSignal | undefined; readonly pauseMs?: number } = {},
): Promise<void> => {
  const body = JSON.stringify(webhookPayload(service, message))
  let problem = ''
  for (let attempt = 0; attempt < tries; attempt++) {
    if (attempt > 0) await pause(pauseMs * 2 ** (attempt - 1), undefined, { signal })
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': message.id },
        body,
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      })
      await response.body?.cancel()
      if (response.ok) return
      problem = `answers ${response.status}`
      if (response.status !== 429 && response.status < 500) break
    } catch (cause) {
      signal?.throwIfAborted()
      problem = limit.aborted ? 'does not answer' : `cannot be reached${reasonOf(cause)}`
    }
  }
  throw new HeadroomError('delivery-failed', `${url.host} ${problem}.`, {
    next: 'The next cycle tries again; check the address in the plan.',
  })
}

const reasonOf = (cause: unknown): string => {
  const code = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code
  return code === undefined ? '' : ` (${code})`
}
