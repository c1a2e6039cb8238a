// Sends a message to a webhook of Slack or Teams: to the host that the plan names, with few tries, and no redirect.
import { sendWithTries, type CycleMessage, type SendOptions } from './send-with-tries.ts'
import { fillVariables, type Environment } from './variables.ts'

export type WebhookService = 'slack' | 'teams'

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
export const fillUrl = (url: string, environment: Environment): URL => new URL(fillVariables(url, environment, 'webhook'))

/** Throws delivery-failed. */
export const sendWebhook = async (url: URL, service: WebhookService, message: CycleMessage, options: SendOptions = {}): Promise<void> => {
  const body = JSON.stringify(webhookPayload(service, message))
  await sendWithTries(
    url.host,
    async () => {
      const limit = AbortSignal.timeout(timeoutMs)
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': message.id },
          body,
          redirect: 'manual',
          signal: options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]),
        })
        await response.body?.cancel()
        if (response.ok) return null
        return { text: `answers ${response.status}`, isFinal: response.status !== 429 && response.status < 500 }
      } catch (cause) {
        return { text: limit.aborted ? 'does not answer' : `cannot be reached${reasonOf(cause)}`, isFinal: false }
      }
    },
    options,
  )
}

const reasonOf = (cause: unknown): string => {
  const code = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code
  return code === undefined ? '' : ` (${code})`
}
