// Whether the account's quota allows the instances of a job, and which other type it allows.
import { ListServiceQuotasCommand } from '@aws-sdk/client-service-quotas'
import { quotasUrl } from '../account/aws-pages.ts'
import { isAccessDenied, toCloudError } from '../account/cloud-error.ts'
import { type Connection, abortable } from '../account/connection.ts'
import { findInstanceType, findLargerInstanceType } from '../jobs/instance-types.ts'
import type { Finding } from '../../../src-shared/cloud/cloud-job.ts'
import { splitInstanceTypes } from '../../../src-shared/cloud/cloud-settings.ts'

const quotaNameSuffix = ' for processing job usage'

/** Of each type that the job may get: the first that fails or warns, else the line of the first. */
export const checkQuotas = async (
  connection: Connection,
  { instanceType, instances }: { readonly instanceType: string; readonly instances: number },
  signal?: AbortSignal,
): Promise<Finding> => {
  const findings: Finding[] = []
  for (const type of splitInstanceTypes(instanceType)) findings.push(await checkQuota(connection, type, instances, signal))
  const [first, ...others] = findings
  const worst = findings.find(({ state }) => state === 'failed') ?? findings.find(({ state }) => state === 'warning')
  if (worst !== undefined || others.length === 0) return worst ?? first!
  return { state: 'ok', detail: findings.map(({ detail }) => detail).join('; or ') }
}

/** `count`: instances of one job. */
const checkQuota = async (connection: Connection, type: string, count: number, signal?: AbortSignal): Promise<Finding> => {
  const instance = findInstanceType(type)
  const instanceText = instance === undefined ? type : `${type} (${instance.vcpus} vCPUs, ${instance.memoryGb} GB)`
  const size = count === 1 ? instanceText : `${count} × ${instanceText}`
  const limits = await readLimits(connection, signal).catch((thrown: unknown): Finding => {
    signal?.throwIfAborted()
    if (isAccessDenied(thrown)) {
      return {
        state: 'warning',
        detail: `${size}; the quota cannot be read.`,
        next: 'Request servicequotas:ListServiceQuotas to check it before the launch.',
      }
    }
    const found = toCloudError(thrown).code === 'cloud-unreachable' ? 'Service Quotas cannot be reached' : 'the quota cannot be read'
    return { state: 'warning', detail: `${size}; ${found}.`, next: 'SageMaker checks the quota at launch.' }
  })
  if (!(limits instanceof Map)) return limits
  const limit = limits.get(type)
  if (limit === undefined)
    return {
      state: 'warning',
      detail: `${size}; the account’s quotas do not list it.`,
      next: 'SageMaker checks at launch whether it is available.',
    }
  if (limit >= count) return { state: 'ok', detail: `${size}; the quota allows ${limit}` }
  const alternative = nextAvailableType(type, limits)
  const page = quotasUrl(connection.region)
  return {
    state: 'failed',
    code: 'cloud-limit',
    detail: `The account’s quota for ${type} is ${limit}.`,
    next:
      limit >= 1
        ? `Use ${limit} instances, or request a higher quota at ${page}.`
        : `${alternative === undefined ? 'Request' : `Choose ${alternative}, or request`} a higher quota at ${page}.`,
  }
}

/** Allowed instances by type. */
const readLimits = async ({ quotas }: Connection, signal?: AbortSignal): Promise<Map<string, number>> => {
  const limits = new Map<string, number>()
  let NextToken: string | undefined
  do {
    const page = await quotas.send(
      new ListServiceQuotasCommand({ ServiceCode: 'sagemaker', NextToken, MaxResults: 100 }),
      abortable(signal),
    )
    for (const { QuotaName = '', Value = 0 } of page.Quotas ?? []) {
      if (QuotaName.endsWith(quotaNameSuffix)) limits.set(QuotaName.slice(0, -quotaNameSuffix.length), Value)
    }
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  return limits
}

/** A larger type that the quota allows; undefined if there is none or the quotas cannot be read. */
export const findAlternativeType = async (connection: Connection, type: string, signal?: AbortSignal): Promise<string | undefined> =>
  nextAvailableType(type, await readLimits(connection, signal).catch(() => new Map<string, number>()))

/** The next type with more memory that the quota allows. */
const nextAvailableType = (type: string, limits: ReadonlyMap<string, number>): string | undefined => {
  for (let next = findLargerInstanceType(type); next !== undefined; next = findLargerInstanceType(next.type)) {
    if ((limits.get(next.type) ?? 0) >= 1) return next.type
  }
  return undefined
}
