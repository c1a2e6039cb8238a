// STS (who am I, assumed roles), IAM's roles, and Service Quotas.
import { randomBytes } from 'node:crypto'
import type { Account, Role } from './account.ts'
import type { Caller } from './signed-request.ts'
import { element, jsonResponse, ServiceError, xmlResponse, type ServiceResponse } from './wire.ts'

/** The one-time code that opens roles which ask for MFA. */
export const mfaCode = '424242'

export const handleSts = (account: Account, form: URLSearchParams, caller: Caller, now: Date): ServiceResponse => {
  switch (form.get('Action') ?? '') {
    case 'GetCallerIdentity':
      return queryResponse('GetCallerIdentity', [
        element('Arn', caller.userArn),
        element('UserId', caller.accessKeyId),
        element('Account', caller.userArn.split(':')[4]!),
      ])
    case 'AssumeRole':
      return assumeRole(account, form, now)
    default:
      throw new ServiceError('InvalidAction', 'Could not find operation.')
  }
}

const assumeRole = (account: Account, form: URLSearchParams, now: Date): ServiceResponse => {
  const arn = form.get('RoleArn') ?? ''
  const role = [...account.roles.values()].find((candidate) => candidate.arn === arn)
  if (role?.trusts.includes(account.id) !== true) {
    throw new ServiceError('AccessDenied', `User is not authorized to perform: sts:AssumeRole on resource: ${arn}`, 403)
  }
  if (form.has('SerialNumber') && form.get('TokenCode') !== mfaCode) {
    throw new ServiceError('AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code.', 403)
  }
  const session = form.get('RoleSessionName') ?? 'session'
  const { id, secret, token, expiresAt } = issueKey(
    account,
    `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`,
    now,
  )
  return queryResponse('AssumeRole', [
    element('AssumedRoleUser', [element('Arn', arn), element('AssumedRoleId', `AROASIMULATOR:${session}`)]),
    element('Credentials', [
      element('AccessKeyId', id),
      element('SecretAccessKey', secret),
      element('SessionToken', token),
      element('Expiration', expiresAt.toISOString()),
    ]),
  ])
}

export interface IssuedKey {
  readonly id: string
  readonly secret: string
  readonly token: string
  readonly expiresAt: Date
}

const hourMs = 3_600_000

/** Temporary credentials; the first letters identify each part, so that a search finds leaked ones. */
export const issueKey = (account: Account, userArn: string, now: Date): IssuedKey => {
  const id = `ASIASIM${randomBytes(6).toString('hex').toUpperCase()}`
  const secret = `simulated-secret-${randomBytes(12).toString('hex')}`
  const token = `simulated-session-${randomBytes(24).toString('hex')}`
  const expiresAt = new Date(now.getTime() + hourMs)
  account.keys.set(id, { secret, sessionToken: token, userArn, expiresAt })
  return { id, secret, token, expiresAt }
}

export const handleIam = (account: Account, form: URLSearchParams): ServiceResponse => {
  switch (form.get('Action') ?? '') {
    case 'GetRole': {
      const name = form.get('RoleName') ?? ''
      const role = account.roles.get(name)
      if (role === undefined) throw new ServiceError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404)
      return queryResponse('GetRole', [element('Role', describeRole(name, role))])
    }
    case 'ListRoles':
      return listRoles(account, form)
    default:
      throw new ServiceError('InvalidAction', 'Could not find operation.')
  }
}

const rolesPerPage = 100

/** By name, in pages. */
const listRoles = (account: Account, form: URLSearchParams): ServiceResponse => {
  const names = [...account.roles.keys()].sort()
  const from = Number(form.get('Marker') ?? 0)
  const to = from + Number(form.get('MaxItems') ?? rolesPerPage)
  return queryResponse('ListRoles', [
    element(
      'Roles',
      names.slice(from, to).map((name) => element('member', describeRole(name, account.roles.get(name)!))),
    ),
    element('IsTruncated', names.length > to),
    ...(names.length > to ? [element('Marker', to)] : []),
  ])
}

const describeRole = (name: string, { arn, trusts }: Role): string[] => {
  const principal = trusts.map((trusted) => (trusted.includes('.') ? { Service: trusted } : { AWS: `arn:aws:iam::${trusted}:root` }))
  const policy = {
    Version: '2012-10-17',
    Statement: principal.map((Principal) => ({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' })),
  }
  return [
    element('RoleName', name),
    element('RoleId', 'AROASIMULATOR'),
    element('Arn', arn),
    element('Path', arn.includes('/service-role/') ? '/service-role/' : '/'),
    element('CreateDate', '2026-01-01T00:00:00Z'),
    element('AssumeRolePolicyDocument', encodeURIComponent(JSON.stringify(policy))),
  ]
}

const queryResponse = (action: string, content: readonly string[]): ServiceResponse =>
  xmlResponse(`${action}Response`, [element(`${action}Result`, content), element('ResponseMetadata', [element('RequestId', 'simulated')])])

export const handleQuotas = (account: Account, operation: string, input: Readonly<Record<string, unknown>>): ServiceResponse => {
  if (operation !== 'ListServiceQuotas')
    throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  const quotas = [...account.quotas].map(([QuotaName, Value]) => ({ ServiceCode: 'sagemaker', QuotaName, Value, Adjustable: true }))
  const limit = Number(input['MaxResults'] ?? 100)
  const from = Number(input['NextToken'] ?? 0)
  return jsonResponse({
    Quotas: quotas.slice(from, from + limit),
    ...(quotas.length > from + limit ? { NextToken: String(from + limit) } : {}),
  })
}
