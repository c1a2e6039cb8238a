// `npm run torture`: hostile data, killed processes, full disks and damaged requests in full length; npm test runs a short form.
// The seed is printed; HEADROOM_TORTURE_SEED tries another. Prints how many of each were survived.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  const folder = mkdtempSync(join(tmpdir(), 'headroom-torture-'))
  const file = join(folder, 'tally')
  const seed = process.env.HEADROOM_TORTURE_SEED ?? '20260901'
  const startedAt = performance.now()
  try {
    const env = { ...process.env, HEADROOM_TORTURE: 'whole', HEADROOM_TORTURE_TALLY: file, HEADROOM_TORTURE_SEED: seed }
    const filters = process.argv.length > 2 ? process.argv.slice(2) : ['test/torture']
    const counts = await runVitest('headless', { filters, env })
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
    /** @type {Map<string, number>} */
    const sums = new Map()
    for (const { what, count } of lines.map((line) => JSON.parse(line))) sums.set(what, (sums.get(what) ?? 0) + count)
    for (const [what, count] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${what.padEnd(60)} ${count.toLocaleString('en-US').padStart(10)}`)
    console.log(`seed ${seed}, ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`)
    console.log(summaryLine(counts))
    return exitCodeFor(counts)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
