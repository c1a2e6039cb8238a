// Converts errors of the AWS SDK to errors with a cause and a next step, and distinguishes temporary failures from refusals.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { foreignText } from '../../../src-shared/run/foreign-text.ts'
import {
  diagnoseFailure,
  firstSentence,
  isAccessDeniedName,
  isConnectionFailure,
  isServiceFault,
  isThrottling,
  type Failure,
  type FailureContext,
} from './failure-rules.ts'

/** HTTP status of the response behind an SDK error; undefined without a response. */
export const httpStatusOf = (thrown: unknown): number | undefined =>
  (thrown as { $metadata?: { httpStatusCode?: number } } | null | undefined)?.$metadata?.httpStatusCode

/** What a response without a body means, as to a HEAD request or from a proxy: it has a status and no name. */
const namesByStatus: Readonly<Record<number, { readonly name: string; readonly message: string }>> = {
  301: { name: 'PermanentRedirect', message: 'The bucket is in another region' },
  400: { name: 'ExpiredToken', message: 'The credentials have expired or are malformed (HTTP 400)' },
  403: { name: 'AccessDenied', message: 'Access denied (HTTP 403)' },
  407: { name: 'ProxyAuthenticationRequired', message: 'The proxy requires a sign-in (HTTP 407)' },
  500: { name: 'InternalError', message: 'AWS failed to answer (HTTP 500)' },
  502: { name: 'ServiceUnavailable', message: 'A proxy between here and AWS failed (HTTP 502)' },
  503: { name: 'ServiceUnavailable', message: 'AWS is busy (HTTP 503)' },
  504: { name: 'ServiceUnavailable', message: 'A proxy between here and AWS got no answer (HTTP 504)' },
}

/** Name and message of what was thrown, with the system's error code. */
const failureOf = (thrown: unknown): Failure => {
  if (!(thrown instanceof Error)) return { name: 'Unknown', message: String(thrown) }
  const { name } = thrown
  const byStatus = /^(Unknown|\d{3}$)/.test(name) ? namesByStatus[httpStatusOf(thrown) ?? 0] : undefined
  if (byStatus !== undefined) return byStatus
  const code = systemCodeOf(thrown)
  return { name, message: code === '' || thrown.message.includes(code) ? thrown.message : `${thrown.message} (${code})` }
}

const systemCodeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

/** Whether AWS no longer accepts the credentials; others may have been written meanwhile. */
export const isExpiredCredentials = (thrown: unknown): boolean =>
  /^(ExpiredToken(Exception)?|InvalidClientTokenId|RequestExpired|UnrecognizedClientException)$/.test(failureOf(thrown).name)

export const isAccessDenied = (thrown: unknown): boolean => isAccessDeniedName(failureOf(thrown).name)

/** Whether the connection broke before a response came; not when the caller aborted. */
export const isConnectionLost = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name !== 'AbortError' && isConnectionFailure(failureOf(thrown))

export const isThrottled = (thrown: unknown): boolean => isThrottling(failureOf(thrown))

/** Whether the same request may succeed later. */
export const isTransient = (thrown: unknown): boolean =>
  thrown instanceof Error && (isConnectionFailure(failureOf(thrown)) || isThrottled(thrown) || isServiceFault(failureOf(thrown)))

/** What the SDK threw as an error with cause and next step; HeadroomErrors stay as they are. */
export const toCloudError = (thrown: unknown, context: FailureContext = {}): HeadroomError => {
  if (thrown instanceof HeadroomError) return thrown
  const failure = failureOf(thrown)
  if (failure.name === 'AbortError') return new HeadroomError('cancelled', 'Cancelled.')
  const diagnosis = diagnoseFailure(failure, context)
  if (diagnosis !== undefined) return new HeadroomError(diagnosis.code, diagnosis.message, { next: diagnosis.next, cause: thrown })
  if (systemCodeOf(thrown) === 'ENOSPC')
    return new HeadroomError('disk-full', 'The disk is full.', { next: 'Free disk space, then try again.', cause: thrown })
  const message = firstSentence(thrown instanceof Error ? thrown.message : String(thrown))
  // Without a response, the fault is not one of AWS.
  if (httpStatusOf(thrown) === undefined) return new HeadroomError('internal', message, { cause: thrown })
  return new HeadroomError('cloud-refused', `AWS returned ${foreignText(failure.name)}: ${message}`, { cause: thrown })
}

/** Why a job failed, from SageMaker's reason and the container's exit message. */
export const explainJobFailure = (reason: string | null, exitMessage: string | null, context: FailureContext = {}): HeadroomError => {
  const diagnosis = diagnoseFailure({ name: 'FailureReason', message: reason ?? '' }, context)
  if (diagnosis !== undefined) return new HeadroomError(diagnosis.code, diagnosis.message, { next: diagnosis.next })
  const detail = exitMessage ?? reason ?? 'SageMaker states no reason.'
  return new HeadroomError('cloud-job-failed', `The job failed: ${firstSentence(detail)}`, { next: 'Read the log of the job.' })
}
