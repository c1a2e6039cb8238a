// `npm start`: completes the set-up, then opens the window. Without a display it analyses in the terminal.
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { projectFolder, userFolder } from './setup/project-folders.mjs'
import { runInTerminal } from './setup/run-command.mjs'
import { runInsteadOfWindow } from './setup/sample-run.mjs'
import { runMain } from './setup/setup-error.mjs'
import { lacksDisplay } from './setup/virtual-display.mjs'

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  await buildApp()
  const folder = userFolder('start')
  const args = process.argv.slice(2)
  if (lacksDisplay()) return runInsteadOfWindow(args, folder)
  const electron = await findElectron()
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  const appArgs = [...electron.args, projectFolder, ...(args.length > 0 ? args : ['--sample'])]
  return runInTerminal(electron.electronBinary, appArgs, { cwd: folder, env })
})
