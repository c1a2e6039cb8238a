// The accounts and roles that a sign-in with IAM Identity Center opens.
import { paginateListAccountRoles, paginateListAccounts, SSOClient } from '@aws-sdk/client-sso'
import { fromSso } from '@aws-sdk/token-providers'
import { getSSOTokenFromFile } from '@smithy/shared-ini-file-loader'
import type { SsoAccountRole } from '../../../src-shared/ipc/cloud-contract.ts'
import { toCloudError } from './cloud-error.ts'
import { abortable, createRequestHandler, endpointOf } from './connection.ts'
import { forEachAtOnce } from './for-each-at-once.ts'
import type { CloudHttpHandler } from './http-handler.ts'
import { profileNameOf, readProfile, withoutIdentityCenter, type SsoSettings } from './shared-config.ts'

/** The portal refuses more. */
const maxPortalRequests = 4

/** By account name, then role; they need a valid sign-in. Throws cloud-sign-in. */
export const listSsoRoles = async (profileName: string, signal?: AbortSignal): Promise<SsoAccountRole[]> => {
  const profile = await readProfile(profileName)
  const { sso } = profile
  if (sso === undefined) throw withoutIdentityCenter(profile.name)
  const requestHandler = createRequestHandler(profile)
  const endpoint = endpointOf('SSO', profile)
  const client = new SSOClient({ region: sso.region, requestHandler, ...(endpoint === undefined ? {} : { endpoint }) })
  try {
    const accessToken = await readToken(profile.name, sso, requestHandler)
    const accounts: { readonly accountId: string; readonly accountName: string }[] = []
    for await (const { accountList = [] } of paginateListAccounts({ client }, { accessToken }, abortable(signal))) {
      for (const { accountId, accountName = '' } of accountList) if (accountId !== undefined) accounts.push({ accountId, accountName })
    }
    const roles: SsoAccountRole[] = []
    await forEachAtOnce(
      accounts,
      async (account) => {
        const { accountId } = account
        for await (const { roleList = [] } of paginateListAccountRoles({ client }, { accessToken, accountId }, abortable(signal))) {
          for (const { roleName } of roleList) {
            if (roleName === undefined) continue
            roles.push({ ...account, roleName, profile: profileNameOf(profile.name, { accountId, roleName }) })
          }
        }
      },
      maxPortalRequests,
    )
    const keyOf = ({ accountName, accountId, roleName }: SsoAccountRole): string => JSON.stringify([accountName, accountId, roleName])
    return roles.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  } catch (thrown) {
    throw toCloudError(thrown, { region: sso.region })
  } finally {
    requestHandler.destroy()
  }
}

/** A session's token is renewed like that of the AWS CLI; the older form in a profile knows no renewal. */
const readToken = async (profile: string, { session, startUrl }: SsoSettings, requestHandler: CloudHttpHandler): Promise<string> =>
  session === null
    ? (await getSSOTokenFromFile(startUrl)).accessToken
    : (await fromSso({ profile, ignoreCache: true, clientConfig: { requestHandler } })()).token
