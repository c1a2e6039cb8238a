// Text that another system sent, such as the error of a server: on one line, short, with control characters visible and without secrets.
import { toPlainText } from './errors.ts'

const maxLength = 400
/** Shorter ones would be found in ordinary words. */
const minSecretLength = 4

/** `secrets`: what was sent to that system and must not be repeated from its answer. */
export const foreignText = (text: string, secrets: readonly (string | null)[] = []): string => {
  const known = secrets.flatMap((secret) =>
    secret === null || secret.length < minSecretLength ? [] : [secret, encodeURIComponent(secret)],
  )
  const plain = known.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  const line = toPlainText(plain.replace(/\s+/g, ' ').trim())
  // Not between the halves of a character.
  return line.length <= maxLength ? line : `${line.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '')} …`
}
