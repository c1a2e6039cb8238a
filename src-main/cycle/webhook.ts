// Sends a message to a webhook of Slack or Teams: to the host that the plan names, with few tries, and no redirect.
import { CloudHttpHandler } from '../cloud/account/http-handler.ts'
import { sendWithTries, type CycleMessage, type SendOptions } from './send-with-tries.ts'
import { fillVariables, type Environment } from './variables.ts'

export type WebhookService = 'slack' | 'teams'

const timeoutMs = 10_000

export const webhookPayload = (service: WebhookService, { title, lines }: CycleMessage): Readonly<Record<string, unknown>> => {
  if (service === 'slack') {
    const plain = [title, ...lines].map((line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    return { text: `*${plain[0]!}*\n${plain.slice(1).join('\n')}` }
  }
  // Markdown, in which a name such as [here](https://...) would become a link.
  const block = (text: string, style: Readonly<Record<string, unknown>> = {}) => ({
    type: 'TextBlock',
    text: text.replaceAll('](', '] ('),
    wrap: true,
    ...style,
  })
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

/** Goes through the proxy of the environment. Throws delivery-failed. */
export const sendWebhook = async (url: URL, service: WebhookService, message: CycleMessage, options: SendOptions = {}): Promise<void> => {
  const http = new CloudHttpHandler({ caBundle: undefined })
  const headers = { 'content-type': 'application/json', 'idempotency-key': message.id }
  const request = { method: 'POST', url, headers, body: JSON.stringify(webhookPayload(service, message)) } as const
  try {
    await sendWithTries(
      url.host,
      async () => {
        const limit = AbortSignal.timeout(timeoutMs)
        const abortSignal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit])
        try {
          const { status, body } = await http.send(request, { abortSignal })
          body.destroy()
          if (status >= 200 && status < 300) return null
          return { text: `answers ${status}`, isFinal: status !== 429 && status < 500 }
        } catch (cause) {
          const { code } = cause as NodeJS.ErrnoException
          return { text: limit.aborted ? 'does not answer' : `cannot be reached${code === undefined ? '' : ` (${code})`}`, isFinal: false }
        }
      },
      options,
    )
  } finally {
    http.destroy()
  }
}
