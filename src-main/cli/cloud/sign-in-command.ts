// headroom cloud sign-in: signs in with IAM Identity Center in the browser, or with a code.
import { spawn } from 'node:child_process'
import { identifyCaller } from '../../cloud/account/connection.ts'
import { signIn } from '../../cloud/account/sign-in.ts'
import { jsonText, print, runCancellable, say } from '../terminal.ts'
import { withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

/** Opens a page in the system's browser. */
const openPage = (url: string): Promise<void> => {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['explorer.exe', url] : ['xdg-open', url]
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}

export const runSignIn = async (options: ConnectionOptions & { readonly device?: boolean }): Promise<void> => {
  const profile = options.profile ?? process.env['AWS_PROFILE'] ?? 'default'
  await runCancellable((signal) =>
    signIn(profile, { signal, openPage, usesDeviceCode: options.device, showCode: (page, code) => say(`Enter code ${code} at ${page}`) }),
  )
  const caller = await withConnection({ ...options, profile }, {}, (connection) => identifyCaller(connection))
  print(options.json === true ? jsonText({ ...caller }, 2) : `Signed in as ${caller.arn}`)
}
