// Sign-in with IAM Identity Center: authorization code with PKCE on a loopback address, else a device code.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  CreateTokenCommand,
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
  type CreateTokenCommandOutput,
} from '@aws-sdk/client-sso-oidc'
import { getSSOTokenFilepath } from '@smithy/shared-ini-file-loader'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { replaceText } from '../../run-folder/replace-file.ts'
import { signInUrl } from './aws-pages.ts'
import { toCloudError } from './cloud-error.ts'
import { abortable, createRequestHandler, endpointOf, pause } from './connection.ts'
import { listenForCallback, callbackPath } from './sign-in-callback.ts'
import { readProfile, withoutIdentityCenter, type SsoSettings } from './shared-config.ts'

export interface SignInOptions {
  readonly signal?: AbortSignal | undefined
  /** Opens a page in the user's browser; rejects where it cannot. */
  readonly openPage: (url: string) => Promise<void>
  /** Shows page and code of the device flow. */
  readonly showCode: (page: string, code: string) => void
  /** Uses the device code without trying the browser. */
  readonly usesDeviceCode?: boolean | undefined
}

interface Client {
  readonly id: string
  readonly secret: string
  readonly expiresAt: Date
}

const timeoutMs = 10 * 60_000
const slowDownSeconds = 5

/** Signs the profile in. The token goes into the AWS CLI's cache, so that both are signed in. Throws cloud-sign-in. */
export const signIn = async (profileName: string, options: SignInOptions): Promise<void> => {
  const profile = await readProfile(profileName)
  const { sso } = profile
  if (sso === undefined) throw withoutIdentityCenter(profileName)
  const requestHandler = createRequestHandler(profile)
  const endpoint = endpointOf('SSO_OIDC', profile)
  const oidc = new SSOOIDCClient({ region: sso.region, requestHandler, ...(endpoint === undefined ? {} : { endpoint }) })
  try {
    const page = endpoint ?? signInUrl(sso.region)
    await saveToken(sso, ...(await obtainToken(oidc, sso, page, options)))
  } catch (thrown) {
    if (options.signal?.aborted === true)
      throw new HeadroomError('cancelled', 'The sign-in was cancelled.', { next: 'Sign in again when you need AWS.' })
    throw toCloudError(thrown, { region: sso.region })
  } finally {
    requestHandler.destroy()
  }
}

const obtainToken = async (
  oidc: SSOOIDCClient,
  sso: SsoSettings,
  page: string,
  options: SignInOptions,
): Promise<[Client, CreateTokenCommandOutput]> => {
  if (options.usesDeviceCode !== true) {
    const tokens = await requestTokenByBrowser(oidc, sso, page, options)
    if (tokens !== undefined) return tokens
  }
  return requestTokenByDevice(oidc, sso, options)
}

const registerClient = async (
  oidc: SSOOIDCClient,
  sso: SsoSettings,
  registration: { redirectUris?: string[]; grantTypes: string[] },
): Promise<Client> => {
  const command = new RegisterClientCommand({
    clientName: 'Headroom',
    clientType: 'public',
    scopes: [...sso.scopes],
    issuerUrl: sso.startUrl,
    ...registration,
  })
  const { clientId = '', clientSecret = '', clientSecretExpiresAt = 0 } = await oidc.send(command)
  return { id: clientId, secret: clientSecret, expiresAt: new Date(clientSecretExpiresAt * 1000) }
}

/** Undefined if no page can be opened. */
const requestTokenByBrowser = async (
  oidc: SSOOIDCClient,
  sso: SsoSettings,
  endpoint: string,
  { openPage, signal }: SignInOptions,
): Promise<[Client, CreateTokenCommandOutput] | undefined> => {
  const state = randomBytes(16).toString('base64url')
  const codeVerifier = randomBytes(48).toString('base64url')
  const callback = await listenForCallback(state, timeoutMs, signal)
  try {
    const redirectUris = [`http://127.0.0.1${callbackPath}`]
    const client = await registerClient(oidc, sso, { redirectUris, grantTypes: ['authorization_code', 'refresh_token'] })
    const url = new URL('/authorize', endpoint)
    const query = {
      response_type: 'code',
      client_id: client.id,
      redirect_uri: callback.redirectUri,
      state,
      scopes: sso.scopes.join(' '),
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const hasOpened = await openPage(url.href).then(
      () => true,
      () => false,
    )
    if (!hasOpened) return undefined
    const code = await callback.code
    const grant = {
      clientId: client.id,
      clientSecret: client.secret,
      grantType: 'authorization_code',
      redirectUri: callback.redirectUri,
      code,
      codeVerifier,
    }
    return [client, await oidc.send(new CreateTokenCommand(grant), abortable(signal))]
  } finally {
    callback.close()
  }
}

const requestTokenByDevice = async (
  oidc: SSOOIDCClient,
  sso: SsoSettings,
  { showCode, openPage, signal }: SignInOptions,
): Promise<[Client, CreateTokenCommandOutput]> => {
  const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
  const client = await registerClient(oidc, sso, { grantTypes: [deviceGrant, 'refresh_token'] })
  const secrets = { clientId: client.id, clientSecret: client.secret }
  const started = await oidc.send(new StartDeviceAuthorizationCommand({ ...secrets, startUrl: sso.startUrl }), abortable(signal))
  const { deviceCode, userCode = '', verificationUriComplete, verificationUri = '', expiresIn = 600 } = started
  showCode(verificationUri, userCode)
  await openPage(verificationUriComplete ?? verificationUri).catch(() => undefined)
  let seconds = started.interval ?? slowDownSeconds
  for (let waited = 0; waited < expiresIn; waited += seconds) {
    await pause(seconds * 1000, signal)
    try {
      return [client, await oidc.send(new CreateTokenCommand({ ...secrets, grantType: deviceGrant, deviceCode }), abortable(signal))]
    } catch (thrown) {
      const { name } = thrown as Error
      if (name === 'SlowDownException') seconds += slowDownSeconds
      else if (name !== 'AuthorizationPendingException') throw thrown
    }
  }
  throw new HeadroomError('cloud-sign-in', 'The code was not confirmed in time.', { next: 'Sign in again.' })
}

/** Writes the token to the AWS CLI's cache alone, readable by this user only. */
const saveToken = async (
  sso: SsoSettings,
  client: Client,
  { accessToken, refreshToken, expiresIn = 0 }: CreateTokenCommandOutput,
): Promise<void> => {
  const path = getSSOTokenFilepath(sso.session ?? sso.startUrl)
  const token = {
    startUrl: sso.startUrl,
    region: sso.region,
    accessToken,
    expiresAt: new Date(Date.now() + expiresIn * 1000).toISOString(),
    clientId: client.id,
    clientSecret: client.secret,
    registrationExpiresAt: client.expiresAt.toISOString(),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceText(path, JSON.stringify(token), 0o600)
}
