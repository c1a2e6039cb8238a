// Credentials of a connection: one set in memory for all clients, read again before they expire, when their file changes or AWS says so.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fromEnv, fromNodeProviderChain, fromSSO } from '@aws-sdk/credential-providers'
import type { MetadataBearer, MiddlewareStack } from '@smithy/types'
import { getHomeDir } from '@smithy/shared-ini-file-loader'
import type { CloudHttpHandler } from './http-handler.ts'
import { isExpiredCredentials } from './cloud-error.ts'
import type { Profile } from './shared-config.ts'

type Provider = ReturnType<typeof fromEnv>
type Credentials = Awaited<ReturnType<Provider>>

export interface CredentialSource {
  /** Absent: the keys of the environment, else the default profile. */
  readonly profile: Pick<Profile, 'name' | 'sso' | 'ssoRole'> | undefined
  readonly region: string
  readonly requestHandler: CloudHttpHandler
  readonly askMfaCode: ((device: string) => Promise<string>) | undefined
}

interface CachedCredentials {
  readonly credentials: Credentials
  readonly filesChangedAt: string
}

const renewBeforeMs = 5 * 60_000

export class SharedCredentials {
  readonly #source: CredentialSource
  #cached: CachedCredentials | undefined
  #pending: Promise<Credentials> | undefined
  #lookingAtFiles: Promise<string> | undefined

  constructor(source: CredentialSource) {
    this.#source = source
  }

  /** All clients share the credentials, so that one MFA code is enough. Stated as expired: a client then asks before each request. */
  readonly provide: Provider = async () => ({ ...(await this.#current()), expiration: new Date(0) })

  async #current(): Promise<Credentials> {
    if (this.#cached !== undefined && (await this.#isFresh(this.#cached))) return this.#cached.credentials
    this.#pending ??= this.#read().finally(() => (this.#pending = undefined))
    return this.#pending
  }

  async #read(): Promise<Credentials> {
    const filesChangedAt = await lastChangeOfFiles()
    // A provider of the SDK remembers credentials without an expiry for ever, so each read has a new one.
    const credentials = await providerOf(this.#source)()
    this.#cached = { credentials, filesChangedAt }
    return credentials
  }

  async #isFresh({ credentials: { expiration }, filesChangedAt }: CachedCredentials): Promise<boolean> {
    if (expiration !== undefined) return expiration.getTime() - Date.now() > renewBeforeMs
    // Requests that are sent at once share one look at the files.
    this.#lookingAtFiles ??= lastChangeOfFiles().finally(() => (this.#lookingAtFiles = undefined))
    return filesChangedAt === (await this.#lookingAtFiles)
  }

  /** Repeats a request once with credentials read again where AWS says that they have expired. A body that is a stream cannot be repeated. */
  renewFor<Input extends object, Output extends MetadataBearer>({
    middlewareStack,
  }: {
    middlewareStack: MiddlewareStack<Input, Output>
  }): void {
    middlewareStack.add(
      (next) => async (args) => {
        const used = this.#cached
        try {
          return await next(args)
        } catch (thrown) {
          if (!isExpiredCredentials(thrown)) throw thrown
          // Another request may have renewed them meanwhile.
          if (this.#cached === used) this.#cached = undefined
          const { Body: body } = args.input as { Body?: unknown }
          if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) throw thrown
          return next(args)
        }
      },
      { step: 'initialize', name: 'renewExpiredCredentials', priority: 'high' },
    )
  }
}

const ignore = (): void => undefined
const silentLogger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }

const providerOf = ({ profile, region, requestHandler, askMfaCode }: CredentialSource): Provider => {
  if (profile === undefined && hasKeysInEnvironment()) return fromEnv()
  const common = { ...(profile === undefined ? {} : { profile: profile.name }), ignoreCache: true, clientConfig: { requestHandler } }
  if (profile?.sso !== undefined && profile.ssoRole !== undefined) {
    const { sso, ssoRole } = profile
    return fromSSO({
      ...common,
      ...(sso.session === null ? {} : { ssoSession: sso.session }),
      ssoStartUrl: sso.startUrl,
      ssoRegion: sso.region,
      ssoAccountId: ssoRole.accountId,
      ssoRoleName: ssoRole.roleName,
      logger: silentLogger,
    })
  }
  return fromNodeProviderChain({
    ...common,
    // Unlike that of clientConfig, this region leaves the portal of Identity Center in the region of its profile.
    parentClientConfig: { region },
    // Its warnings go to the console otherwise.
    logger: silentLogger,
    ...(askMfaCode === undefined ? {} : { mfaCodeProvider: askMfaCode }),
  })
}

export const hasKeysInEnvironment = (): boolean =>
  (process.env['AWS_ACCESS_KEY_ID'] ?? '') !== '' && (process.env['AWS_SECRET_ACCESS_KEY'] ?? '') !== ''

/** When the shared files were changed last. */
const lastChangeOfFiles = async (): Promise<string> => {
  const folder = join(getHomeDir(), '.aws')
  const paths = [
    process.env['AWS_CONFIG_FILE'] ?? join(folder, 'config'),
    process.env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'),
  ]
  const changes = paths.map((path) =>
    stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => 'absent',
    ),
  )
  return (await Promise.all(changes)).join(', ')
}
