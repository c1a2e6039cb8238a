// `npm run -s headroom -- ARGUMENTS`: completes the set-up, then runs the built command line in this process.
import { createRequire } from 'node:module'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { cliFile, userFolder } from './setup/project-folders.mjs'
import { printLine, SetupError } from './setup/setup-error.mjs'

try {
  requireSupportedNode()
  await installDependencies()
  await buildApp()
  process.chdir(userFolder('headroom'))
  process.argv[1] = cliFile
  createRequire(import.meta.url)(cliFile)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  printLine(error.message)
  process.exitCode = 1
}
