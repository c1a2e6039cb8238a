// headroom cloud profiles: lists the profiles of the shared AWS files.
import { listProfiles } from '../../cloud/account/shared-config.ts'
import { jsonText, print } from '../terminal.ts'

export const runProfiles = async (options: { readonly json?: boolean }): Promise<void> => {
  const profiles = await listProfiles()
  print(options.json === true ? jsonText({ profiles }, 2) : profiles.join('\n'))
}
