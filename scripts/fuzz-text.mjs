// `npm run fuzz:text -- --files 10000 --seed 7`: random text files whose rows are known are read right or refused in one sentence.
// `npm test` takes 100 files of a fixed seed, `npm run torture` 1,000. Several processes share the files. Prints the seed; a file that fails is named by its number, which gives the same file again.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { runMain } from './setup/setup-error.mjs'
import { addUp, exitCodeFor, summaryLine } from './testing/test-summary.mjs'
import { runVitest } from './testing/vitest-run.mjs'

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '20260901' },
      processes: { type: 'string', default: String(availableParallelism()) },
    },
  })
  const startedAt = performance.now()
  const files = Number(values.files)
  const share = Math.ceil(files / Number(values.processes))
  const runs = Array.from({ length: Math.ceil(files / share) }, (_, index) => {
    const from = index * share
    const env = {
      ...process.env,
      HEADROOM_TEXT_FROM: String(from),
      HEADROOM_TEXT_FILES: String(Math.min(share, files - from)),
      HEADROOM_TORTURE_SEED: values.seed,
    }
    return runVitest('headless', { filters: ['test/torture/text-files.test.ts'], env })
  })
  const counts = addUp(await Promise.all(runs))
  console.log(`${values.files} files of seed ${values.seed}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  console.log(summaryLine(counts))
  return exitCodeFor(counts)
})
