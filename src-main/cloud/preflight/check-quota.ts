// Whether the account's quota holds a machine of the type, and which other one it would hold.
import { ListServiceQuotasCommand } from '@aws-sdk/client-service-quotas'
import type { Connection } from '../account/connection.ts'
import { abortable } from '../storage/list-objects.ts'
import { findInstanceType, findLargerInstanceType } from '../jobs/instance-types.ts'
import type { Finding } from './preflight.ts'

const quotaNameSuffix = ' for processing job usage'

/** `count`: machines of the type that one job takes. */
export const checkQuota = async (connection: Connection, type: string, count = 1, signal?: AbortSignal): Promise<Finding> => {
  const instance = findInstanceType(type)
  const instanceText = instance === undefined ? type : `${type} (${instance.vcpus} processors, ${instance.memoryGb} GB)`
  const size = count === 1 ? instanceText : `${count} times ${instanceText}`
  const limits = await readLimits(connection, signal).catch((thrown: unknown) => {
    if (!/AccessDenied/.test((thrown as Error).name)) throw thrown
    return undefined
  })
  if (limits === undefined)
    return {
      state: 'warning',
      detail: `${size}; the quota cannot be read.`,
      next: 'Ask for servicequotas:ListServiceQuotas to know beforehand.',
    }
  const limit = limits.get(type)
  if (limit === undefined)
    return {
      state: 'warning',
      detail: `${size}; the account’s quotas do not name it.`,
      next: 'SageMaker will say at launch whether it is offered.',
    }
  if (limit >= count) return { state: 'ok', detail: `${size}; the quota allows ${limit}` }
  const alternative = nextAvailableType(type, limits)
  const page = `https://${connection.region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas`
  return {
    state: 'failed',
    detail: `The account’s quota for ${type} is ${limit}.`,
    next:
      limit >= 1
        ? `Take ${limit} machines, or ask for more at ${page}.`
        : `${alternative === undefined ? 'Ask' : `Choose ${alternative}, or ask`} for more at ${page}.`,
  }
}

/** Machines by type. */
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

/** A type to offer in place of one that the quota does not hold; undefined where there is none, or the quotas cannot be read. */
export const findAlternativeType = async (connection: Connection, type: string, signal?: AbortSignal): Promise<string | undefined> =>
  nextAvailableType(type, await readLimits(connection, signal).catch(() => new Map<string, number>()))

/** The next type with more memory that the quota holds. */
const nextAvailableType = (type: string, limits: ReadonlyMap<string, number>): string | undefined => {
  for (let next = findLargerInstanceType(type); next !== undefined; next = findLargerInstanceType(next.type)) {
    if ((limits.get(next.type) ?? 0) >= 1) return next.type
  }
  return undefined
}
