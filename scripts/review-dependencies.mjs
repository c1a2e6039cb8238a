// `npm run review:dependencies`: checks the lock file, install scripts, licences, the page of shipped libraries, and advisories.
// `-- --online` fails if the registry provides no advisories.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { capture, npmCommand } from './setup/run-command.mjs'
import { runMain } from './setup/setup-error.mjs'
import { reviewLicences, reviewLock, reviewPage } from './testing/dependency-rules.mjs'

/** @param {string} name */
const read = (name) => readFileSync(join(projectFolder, name), 'utf8')

/** @returns {Promise<{ faults: string[], summary: string }>} */
async function reviewAdvisories() {
  const npm = npmCommand(['audit', '--json', '--omit=dev', '--loglevel=silent'])
  const { stdout } = await capture(npm.command, npm.args, { ...npm.options, cwd: projectFolder })
  try {
    const { vulnerabilities } = JSON.parse(stdout)
    if (vulnerabilities === undefined) throw new Error('no response')
    const names = Object.keys(vulnerabilities)
    return { faults: names.map((name) => `${name} has a known advisory: see npm audit.`), summary: `advisories: ${names.length}` }
  } catch {
    const summary = 'advisories: the registry does not provide them here'
    return { faults: process.argv.includes('--online') ? [summary] : [], summary }
  }
}

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  await buildApp()
  const { shippedPackages } = await import('./package/shipped-packages.mjs')
  const lock = JSON.parse(read('package-lock.json'))
  const description = JSON.parse(read('package.json'))
  const shipped = shippedPackages()
  const direct = { ...description.dependencies, ...description.devDependencies }
  const explained = shipped.map(({ name }) => name).filter((name) => name in direct)
  const advisories = await reviewAdvisories()
  const faults = [
    ...reviewLock(lock, description, read('.npmrc')),
    ...reviewLicences(shipped),
    ...reviewPage(explained, read('docs/dependencies.md')),
    ...advisories.faults,
  ]
  console.log(
    `packages in the lock file: ${Object.keys(lock.packages).length - 1}; shipped: ${shipped.length}, of them chosen by us: ${explained.length}`,
  )
  console.log(advisories.summary)
  for (const fault of faults) console.log(`✗ ${fault}`)
  console.log(faults.length === 0 ? 'Nothing to object to.' : `${faults.length} objections.`)
  return faults.length === 0 ? 0 : 1
})
