// The shared AWS files: profiles with their region, endpoints, sign-in and certificates.
import { loadSharedConfigFiles, loadSsoSessionData } from '@smithy/shared-ini-file-loader'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { findNearestName } from '../../../src-shared/config/nearest-name.ts'

type Section = Readonly<Record<string, string | undefined>>

export interface SsoSettings {
  /** Name of the `sso-session`, or null for the older form in the profile itself. */
  readonly session: string | null
  readonly startUrl: string
  readonly region: string
  readonly scopes: readonly string[]
}

/** An account and role of a sign-in. */
export interface SsoRole {
  readonly accountId: string
  readonly roleName: string
}

export interface Profile {
  /** Its section in the shared files. */
  readonly name: string
  /** Chosen instead of the profile's own account and role. */
  readonly ssoRole: SsoRole | undefined
  readonly region: string | undefined
  readonly roleArn: string | undefined
  readonly sourceProfile: string | undefined
  /** The program that this profile, or the one it starts from, runs for its credentials. */
  readonly credentialProcess: string | undefined
  readonly sso: SsoSettings | undefined
  readonly caBundle: string | undefined
  readonly endpointUrl: string | undefined
  /** Endpoints by service, in capitals: S3, SAGEMAKER. */
  readonly serviceEndpoints: Readonly<Record<string, string>>
}

const readSharedFiles = async (): Promise<{ profiles: Record<string, Section>; configFile: Record<string, Section> }> => {
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true })
  const profiles: Record<string, Section> = {}
  // `sso-session NAME` and `services NAME` are sections of the same file, but no profiles.
  const isProfile = (name: string): boolean => !/^(sso-session|services)[.\s]/.test(name)
  for (const file of [configFile, credentialsFile]) {
    for (const [name, section] of Object.entries(file)) {
      if (isProfile(name)) profiles[name] = { ...profiles[name], ...section }
    }
  }
  return { profiles, configFile }
}

/** Sorted names of all profiles. Runs no program and sends no request. */
export const listProfiles = async (): Promise<string[]> => Object.keys((await readSharedFiles()).profiles).sort((a, b) => (a < b ? -1 : 1))

/** Names another account and role of the profile's sign-in: PROFILE@ACCOUNT/ROLE. */
export const profileNameOf = (profile: string, { accountId, roleName }: SsoRole): string => `${profile}@${accountId}/${roleName}`

const parseProfileName = (text: string): { readonly name: string; readonly ssoRole: SsoRole | undefined } => {
  const [, name = text, accountId, roleName] = /^(.+)@(\d{12})\/([\w+=,.@-]+)$/.exec(text) ?? []
  return { name, ssoRole: accountId === undefined || roleName === undefined ? undefined : { accountId, roleName } }
}

/** `text`: a profile, or an account and role of its sign-in as profileNameOf writes them. Throws cloud-sign-in for an unknown profile. */
export const readProfile = async (text: string): Promise<Profile> => {
  const { profiles, configFile } = await readSharedFiles()
  const { name, ssoRole } = profiles[text] === undefined ? parseProfileName(text) : { name: text, ssoRole: undefined }
  const section = profiles[name]
  if (section === undefined) {
    const nearest = findNearestName(name, Object.keys(profiles))
    throw new HeadroomError('cloud-sign-in', `There is no AWS profile ${name}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`, {
      next: 'Choose a profile of ~/.aws/config, or create one with: aws configure sso.',
    })
  }
  const services = section['services'] === undefined ? undefined : configFile[`services.${section['services']}`]
  const sso = await readSso(section)
  if (ssoRole !== undefined && sso === undefined) throw withoutIdentityCenter(name)
  return {
    name,
    ssoRole,
    region: section['region'],
    roleArn: section['role_arn'],
    sourceProfile: section['source_profile'],
    credentialProcess: ssoRole === undefined ? findProcess(profiles, name) : undefined,
    sso,
    caBundle: section['ca_bundle'],
    endpointUrl: section['endpoint_url'],
    serviceEndpoints: Object.fromEntries(
      Object.entries(services ?? {}).flatMap(([key, value]) =>
        key.endsWith('.endpoint_url') && value !== undefined ? [[key.slice(0, -'.endpoint_url'.length).toUpperCase(), value]] : [],
      ),
    ),
  }
}

/** The profile has no sign-in. */
export const withoutIdentityCenter = (name: string): HeadroomError =>
  new HeadroomError('cloud-sign-in', `The profile ${name} does not sign in through IAM Identity Center.`, {
    next: 'Add sso_session to it with: aws configure sso.',
  })

const findProcess = (profiles: Readonly<Record<string, Section>>, name: string): string | undefined => {
  const visited = new Set<string>()
  for (let current: string | undefined = name; current !== undefined && !visited.has(current);) {
    visited.add(current)
    const section: Section | undefined = profiles[current]
    if (section?.['credential_process'] !== undefined) return section['credential_process']
    current = section?.['source_profile']
  }
  return undefined
}

const readSso = async (section: Section): Promise<SsoSettings | undefined> => {
  const session = section['sso_session']
  const settings: Section | undefined = session === undefined ? section : (await loadSsoSessionData())[session]
  const startUrl = settings?.['sso_start_url']
  const region = settings?.['sso_region']
  if (startUrl === undefined || region === undefined) return undefined
  const scopes = (settings?.['sso_registration_scopes'] ?? 'sso:account:access').split(/[\s,]+/)
  return { session: session ?? null, startUrl, region, scopes }
}
