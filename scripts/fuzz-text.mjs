// `npm run fuzz:text -- --files 10000 --seed 7`: random text files whose rows are known are read right or refused in one sentence.
// `npm test` takes 1,000 files of a fixed seed. Prints the seed; a file that fails is named by its number, which gives the same file again.
import { parseArgs } from 'node:util'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { runMain } from './setup/setup-error.mjs'
import { exitCodeFor, summaryLine } from './testing/test-summary.mjs'
import { runVitest } from './testing/vitest-run.mjs'

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  const { values } = parseArgs({ options: { files: { type: 'string', default: '10000' }, seed: { type: 'string', default: '20260901' } } })
  const startedAt = performance.now()
  const env = { ...process.env, HEADROOM_TEXT_FILES: values.files, HEADROOM_TORTURE_SEED: values.seed }
  const counts = await runVitest('headless', { filters: ['test/torture/text-files.test.ts'], env })
  console.log(`${values.files} files of seed ${values.seed}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  console.log(summaryLine(counts))
  return exitCodeFor(counts)
})
