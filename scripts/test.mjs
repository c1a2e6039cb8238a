// `npm test`: checks, then every test that needs no window, then the window; `test.mjs window` does the last part alone.
// Every part runs even if an earlier one failed; the last line adds all of them up.
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { runMain, say, SetupError } from './setup/setup-error.mjs'
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
    say(error.message)
    return [oneFailed]
  }
}

/** @param {readonly string[]} filters @returns {Promise<TestCounts[]>} */
async function runWindowTests(filters) {
  await buildApp()
  const { electronBinary, args } = await findElectron({ needsDisplay: lacksDisplay() })
  return withDisplay(async (env) => [
    await runVitest('window', {
      filters,
      env: { ...env, HEADROOM_TEST_ELECTRON: electronBinary, HEADROOM_TEST_ELECTRON_ARGS: JSON.stringify(args) },
    }),
  ])
}

/** @param {readonly string[]} filters @returns {Promise<TestCounts[]>} */
async function runEverything(filters) {
  const built = await attempt(async () => {
    await buildApp()
    return []
  })
  const checked = filters.length > 0 ? [] : await runCheckSteps()
  const tested = await runVitest('headless', { filters })
  // Without a build there is no window to test, and that failure is counted already.
  const seen = built.length > 0 ? [] : await attempt(() => runWindowTests(filters))
  return [...built, ...checked, tested, ...seen]
}

await runMain(async () => {
  requireSupportedNode()
  const [part, ...rest] = process.argv.slice(2)
  const counts = await attempt(async () => {
    await installDependencies()
    return part === 'window' ? runWindowTests(rest) : runEverything(process.argv.slice(2))
  })
  const total = addUp(counts)
  console.log(summaryLine(total))
  return exitCodeFor(total)
})
