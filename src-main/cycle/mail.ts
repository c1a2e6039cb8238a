// Sends a message by SMTP, with a report attached: to the server that the plan names, encrypted unless the plan says otherwise.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { createTransport } from 'nodemailer'
import type { MailOutput } from './cycle-plan.ts'
import { sendWithTries, type CycleMessage, type SendOptions, type SendProblem } from './send-with-tries.ts'

const timeoutMs = 10_000

/** `report`: path of a file to attach, or null. A repeated mail has the same Message-ID. Throws delivery-failed. */
export const sendMail = async (
  { host, port, security, user, from, to }: MailOutput,
  password: string,
  { title, lines, id }: CycleMessage,
  report: string | null,
  options: SendOptions,
): Promise<void> => {
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password } }),
    disableFileAccess: true,
    disableUrlAccess: true,
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: 3 * timeoutMs,
  })
  const attachments = report === null ? [] : [{ filename: basename(report), content: await readFile(report) }]
  const mail = {
    from,
    to,
    subject: title,
    text: `${lines.join('\n')}\n`,
    messageId: `<${id}@${from.split('@').at(-1)!}>`,
    attachments,
  }
  const close = (): void => transport.close()
  options.signal?.addEventListener('abort', close)
  try {
    await sendWithTries(
      `${host}:${port}`,
      async () => {
        try {
          await transport.sendMail(mail)
          return null
        } catch (cause) {
          return problemOf(cause)
        }
      },
      options,
    )
  } finally {
    options.signal?.removeEventListener('abort', close)
    transport.close()
  }
}

/** Answers from 500 on are final (RFC 5321, 4.2.1). */
const problemOf = (cause: unknown): SendProblem => {
  const { code, responseCode, message } = cause as { readonly code?: string; readonly responseCode?: number; readonly message: string }
  if (code === 'EAUTH') return { text: 'refuses the sign-in', isFinal: true }
  if (code === 'ETLS' || /certificate/i.test(message)) return { text: 'offers no encryption that can be trusted', isFinal: true }
  if (responseCode !== undefined) return { text: `answers ${responseCode}`, isFinal: responseCode >= 500 }
  if (code === 'ETIMEDOUT') return { text: 'does not answer', isFinal: false }
  const reason = /\bE[A-Z]{3,}\b/.exec(message)?.[0] ?? code
  return { text: `cannot be reached${reason === undefined ? '' : ` (${reason})`}`, isFinal: false }
}
