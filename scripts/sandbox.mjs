// `npm run sandbox`: the app on a simulated AWS account on this machine. With --serve, or without a display, the account alone.
import { join } from 'node:path'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { dataFolder, projectFolder } from './setup/project-folders.mjs'
import { runInTerminal } from './setup/run-command.mjs'
import { fillInLaunchForm, serveSandboxAccount } from './setup/sandbox-account.mjs'
import { runMain, printLine } from './setup/setup-error.mjs'
import { lacksDisplay } from './setup/virtual-display.mjs'

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  const sandbox = await serveSandboxAccount()
  const variables = Object.entries(sandbox.environment)
  printLine(`A simulated AWS account is at ${sandbox.endpoint}. To use it in another shell:`)
  for (const [name, value] of variables) console.log(`export ${name}='${value}'`)
  printLine(
    `Then: npm run -s headroom -- cloud launch ${sandbox.input} --bucket ${sandbox.bucket} --role ${sandbox.roleArn} --wait --download run`,
  )
  if (process.argv.includes('--serve') || lacksDisplay()) {
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    await sandbox.stop()
    return 0
  }
  const home = join(dataFolder(), 'sandbox')
  fillInLaunchForm(home, sandbox)
  const electron = await findElectron()
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  const code = await runInTerminal(electron.electronBinary, [...electron.args, projectFolder], {
    env: { ...env, ...sandbox.environment, HEADROOM_HOME: home },
  })
  await sandbox.stop()
  return code
})
