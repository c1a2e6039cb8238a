// headroom cloud accounts: lists the accounts and roles that a sign-in opens.
import { listSsoRoles } from '../../cloud/account/sso-accounts.ts'
import { jsonText, print, runCancellable, tableText } from '../terminal.ts'

export const runAccounts = async (options: { readonly profile?: string; readonly json?: boolean }): Promise<void> => {
  const roles = await runCancellable((signal) => listSsoRoles(options.profile ?? process.env['AWS_PROFILE'] ?? 'default', signal))
  if (options.json === true) print(jsonText({ roles }, 2))
  else
    print(
      tableText(
        ['account', 'role', 'profile'],
        roles.map(({ accountName, roleName, profile }) => [accountName, roleName, profile]),
      ),
    )
}
