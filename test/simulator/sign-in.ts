// IAM Identity Center's sign-in: client registration, authorization code with PKCE, device code, and role credentials for a token.
import { createHash, randomUUID } from 'node:crypto'
import type { Account } from './account.ts'
import { issueKey } from './identity.ts'
import { ServiceError, type ServiceResponse, type ServiceRequest } from './wire.ts'

interface PendingCode {
  readonly challenge: string
  readonly redirectUri: string
}

/** An account that the signed-in user may enter, with its roles. */
export interface PortalAccount {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
}

const entriesPerPage = 2
const intervalSeconds = 1
const tokenSeconds = 3600

export class SignIn {
  readonly #account: Account
  readonly #codes = new Map<string, PendingCode>()
  readonly #devices = new Map<string, { polls: number }>()
  readonly #tokens = new Map<string, Date>()
  /** Number of token requests before the user confirms. */
  pollsBeforeConfirmed = 1
  /** Whether polling too fast was answered with SlowDown, at the first poll. */
  asksToSlowDown = false
  accounts: readonly PortalAccount[]

  constructor(account: Account) {
    this.#account = account
    this.accounts = [{ id: account.id, name: 'Capacity', roles: ['Capacity'] }]
  }

  /** Ends every session, as an expiry does. */
  expireAll(): void {
    this.#tokens.clear()
  }

  static operationOf({ url }: ServiceRequest): string | undefined {
    return {
      '/client/register': 'RegisterClient',
      '/device_authorization': 'StartDeviceAuthorization',
      '/token': 'CreateToken',
      '/authorize': 'Authorize',
      '/federation/credentials': 'GetRoleCredentials',
      '/assignment/accounts': 'ListAccounts',
      '/assignment/roles': 'ListAccountRoles',
    }[url.pathname]
  }

  respond(operation: string, request: ServiceRequest, endpoint: string, now: Date): ServiceResponse {
    const input = request.body.length === 0 ? {} : (JSON.parse(request.body.toString()) as Record<string, unknown>)
    switch (operation) {
      case 'RegisterClient':
        return respond({
          clientId: randomUUID(),
          clientSecret: `simulated-client-${randomUUID()}`,
          clientIdIssuedAt: seconds(now),
          clientSecretExpiresAt: seconds(now) + 90 * 86_400,
        })
      case 'StartDeviceAuthorization': {
        const deviceCode = randomUUID()
        this.#devices.set(deviceCode, { polls: 0 })
        const page = `${endpoint}/device`
        return respond({
          deviceCode,
          userCode: 'SIMU-LATE',
          verificationUri: page,
          verificationUriComplete: `${page}?user_code=SIMU-LATE`,
          expiresIn: 600,
          interval: intervalSeconds,
        })
      }
      case 'Authorize':
        return this.#authorize(request.url.searchParams)
      case 'CreateToken':
        return this.#createToken(input, now)
      case 'ListAccounts':
        this.#assertToken(request, now)
        return page(
          'accountList',
          this.accounts.map(({ id, name }) => ({ accountId: id, accountName: name, emailAddress: `${id}@example.com` })),
          request,
        )
      case 'ListAccountRoles': {
        this.#assertToken(request, now)
        const accountId = request.url.searchParams.get('account_id')
        const roles = this.accounts.find(({ id }) => id === accountId)?.roles ?? []
        return page(
          'roleList',
          roles.map((roleName) => ({ roleName, accountId })),
          request,
        )
      }
      default:
        return this.#roleCredentials(request, now)
    }
  }

  /** Replaces the browser in which the user agrees: sends it back to the loopback address with a code. */
  #authorize(query: URLSearchParams): ServiceResponse {
    const redirectUri = query.get('redirect_uri') ?? ''
    if (
      !/^http:\/\/127\.0\.0\.1:\d+\//.test(redirectUri) ||
      query.get('code_challenge_method') !== 'S256' ||
      query.get('response_type') !== 'code'
    ) {
      throw new ServiceError('InvalidRequestException', 'Only the code flow with S256 on a loopback address is allowed.')
    }
    const code = randomUUID()
    this.#codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    return { status: 302, headers: { location: back.href } }
  }

  #createToken(input: Readonly<Record<string, unknown>>, now: Date): ServiceResponse {
    if (input['grantType'] === 'authorization_code') {
      const pending = this.#codes.get(String(input['code']))
      this.#codes.delete(String(input['code']))
      const challenge = createHash('sha256').update(String(input['codeVerifier'])).digest('base64url')
      if (pending === undefined || pending.challenge !== challenge || pending.redirectUri !== input['redirectUri']) {
        throw new ServiceError('InvalidGrantException', 'The code or its verifier is not valid.')
      }
      return this.#issueToken(now)
    }
    if (input['grantType'] === 'refresh_token') return this.#issueToken(now)
    const device = this.#devices.get(String(input['deviceCode']))
    if (device === undefined) throw new ServiceError('InvalidGrantException', 'The device code is not valid.')
    device.polls += 1
    if (device.polls === 1 && this.asksToSlowDown) throw new ServiceError('SlowDownException', 'Ask less often.')
    if (device.polls <= this.pollsBeforeConfirmed)
      throw new ServiceError('AuthorizationPendingException', 'The user has not confirmed yet.')
    return this.#issueToken(now)
  }

  #issueToken(now: Date): ServiceResponse {
    const accessToken = `simulated-access-${randomUUID()}`
    this.#tokens.set(accessToken, new Date(now.getTime() + tokenSeconds * 1000))
    return respond({ accessToken, expiresIn: tokenSeconds, tokenType: 'Bearer', refreshToken: `simulated-refresh-${randomUUID()}` })
  }

  #assertToken({ headers }: ServiceRequest, now: Date): void {
    const expiresAt = this.#tokens.get(headers['x-amz-sso_bearer_token'] ?? '')
    if (expiresAt === undefined || expiresAt <= now)
      throw new ServiceError('UnauthorizedException', 'Session token not found or invalid', 401)
  }

  #roleCredentials(request: ServiceRequest, now: Date): ServiceResponse {
    this.#assertToken(request, now)
    const { searchParams } = request.url
    const [account, role] = [searchParams.get('account_id'), searchParams.get('role_name') ?? '']
    if (this.accounts.find(({ id }) => id === account)?.roles.includes(role) !== true)
      throw new ServiceError('ForbiddenException', 'No access', 403)
    const key = issueKey(this.#account, `arn:aws:sts::${account}:assumed-role/AWSReservedSSO_${role}/planner`, now)
    return respond({
      roleCredentials: { accessKeyId: key.id, secretAccessKey: key.secret, sessionToken: key.token, expiration: key.expiresAt.getTime() },
    })
  }
}

const page = (name: string, entries: readonly unknown[], { url }: ServiceRequest): ServiceResponse => {
  const from = Number(url.searchParams.get('next_token') ?? 0)
  const to = from + entriesPerPage
  return respond({ [name]: entries.slice(from, to), ...(entries.length > to ? { nextToken: String(to) } : {}) })
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
const respond = (value: unknown): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})
