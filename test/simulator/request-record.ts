// Writes what arrived on the wire, one line of JSON per request, for judges that are not ours (`npm run interop`).
import { appendFileSync } from 'node:fs'
import type { ServiceRequest } from './wire.ts'

const file = process.env['HEADROOM_RECORD_REQUESTS']

/** Bodies of S3 objects are left out: their bytes are the user's, not AWS's. */
export const recordRequest = ({ method, url, path, headers, body }: ServiceRequest, operation: string): void => {
  if (file === undefined) return
  const isObject = ['PutObject', 'UploadPart'].includes(operation)
  const line = { method, path, query: url.search, headers, body: isObject ? null : body.toString('latin1') }
  appendFileSync(file, `${JSON.stringify(line)}\n`)
}
