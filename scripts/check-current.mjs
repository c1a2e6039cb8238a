// `npm run check:current`: the page in a current Chromium, the command line and the engine process on Node 24. Says what it skips.
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { runMain } from './setup/setup-error.mjs'
import { exitCodeFor, summaryLine } from './testing/test-summary.mjs'
import { runVitest } from './testing/vitest-run.mjs'

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  await buildApp()
  const counts = await runVitest('headless', { filters: ['test/current'], env: { ...process.env, HEADROOM_CURRENT: 'yes' } })
  console.log(summaryLine(counts))
  return exitCodeFor(counts)
})
