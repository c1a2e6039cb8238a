// `npm test`: checks, then every test that needs no window, then the window, then the package; `test.mjs window` and `test.mjs package` do
// one part alone, `test.mjs quick` the tests that need no window, without torture and without files named `.slow.test.ts`.
// Every part runs even if an earlier one failed; the last line adds all of them up.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { capture } from './setup/run-command.mjs'
import { runMain, printLine, SetupError } from './setup/setup-error.mjs'
import { lacksDisplay, withDisplay } from './setup/virtual-display.mjs'
import { runCheckSteps } from './testing/check-steps.mjs'
import { addUp, exitCodeFor, oneFailed, summaryLine } from './testing/test-summary.mjs'
import { runVitest } from './testing/vitest-run.mjs'

/** @typedef {import('./testing/test-summary.mjs').TestCounts} TestCounts */

// Half a second lets the running part end first; its virtual display goes with this process.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => setTimeout(() => process.exit(130), 500))
}

/** A part that cannot be set up is one failure, and the next part still runs. @param {() => Promise<TestCounts[]>} part */
async function attempt(part) {
  try {
    return await part()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    printLine(error.message)
    return [oneFailed(error.message)]
  }
}

/** @param {readonly string[]} filters @param {ReturnType<typeof findElectron>} [electron] @returns {Promise<TestCounts[]>} */
async function runWindowTests(filters, electron) {
  await buildApp()
  const { electronBinary, args } = await (electron ?? findElectron({ needsDisplay: lacksDisplay() }))
  return withDisplay(async (env) => [
    await runVitest('window', {
      filters,
      env: { ...env, HEADROOM_TEST_ELECTRON: electronBinary, HEADROOM_TEST_ELECTRON_ARGS: JSON.stringify(args) },
    }),
  ])
}

/** Packs the app and starts what was packed; only on Linux, where a local runtime exists. @returns {Promise<TestCounts[]>} */
async function runPackageTests() {
  if (process.platform !== 'linux') return []
  const { code, output } = await capture(process.execPath, ['scripts/package.mjs'], { cwd: projectFolder })
  if (code !== 0) throw new SetupError(output.trimEnd())
  return withDisplay(async (env) => [
    await runVitest('package', { env: { ...env, HEADROOM_TEST_PACKAGE: join(projectFolder, 'dist', 'linux-unpacked') } }),
  ])
}

/** Named one by one, since an exclusion on Vitest's command line does not reach the files of a project. */
function quickTestFiles() {
  const files = readdirSync(join(projectFolder, 'test'), { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  return files
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith('.slow.test.ts') && !/^(torture|window|package)\//.test(file))
    .map((file) => `test/${file}`)
}

/** @param {readonly string[]} filters @returns {Promise<TestCounts[]>} */
async function runQuickTests(filters) {
  await buildApp()
  return [await runVitest('headless', { filters: filters.length > 0 ? filters : quickTestFiles() })]
}

/** The window, then the package. @param {readonly string[]} filters @param {ReturnType<typeof findElectron>} electron */
async function runAppTests(filters, electron) {
  const seen = await attempt(() => runWindowTests(filters, electron))
  return [...seen, ...(filters.length > 0 ? [] : await attempt(runPackageTests))]
}

/** @param {readonly string[]} filters @returns {Promise<TestCounts[]>} */
async function runEverything(filters) {
  const building = attempt(async () => {
    await buildApp()
    return []
  })
  const checked = filters.length > 0 ? [] : await runCheckSteps()
  const built = await building
  // Fetched meanwhile; the tests of the window, which need it, say why it failed.
  const electron = findElectron({ needsDisplay: lacksDisplay() })
  electron.catch(() => undefined)
  const tested = await runVitest('headless', { filters })
  // One after the other: next to the other tests, apps started too slowly. Without a build there is no app, and that failure is counted already.
  const started = built.length > 0 ? [] : await runAppTests(filters, electron)
  return [...built, ...checked, tested, ...started]
}

/** @param {string} title @param {readonly string[]} lines */
const printList = (title, lines) => {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}\n`)
}

await runMain(async () => {
  requireSupportedNode()
  const [part, ...rest] = process.argv.slice(2)
  const counts = await attempt(async () => {
    await installDependencies()
    if (part === 'window') return runWindowTests(rest)
    if (part === 'quick') return runQuickTests(rest)
    return part === 'package' ? runPackageTests() : runEverything(process.argv.slice(2))
  })
  const total = addUp(counts)
  printList('Passed at the second try', total.retried)
  printList('Failed', total.failures)
  console.log(summaryLine(total))
  return exitCodeFor(total)
})
