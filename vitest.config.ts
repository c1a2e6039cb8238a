// The kinds of tests: those that need no window fill the processors; of those with a window two files run at once, each with its own app.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** A long file that starts last runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      /\.slow\.test\.ts$|\/torture\/|\/window\/(?:accessibility|analysis|history|run-variants)\.test/.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    // Launches and child processes wait often enough for three to share two processors.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        assetsInclude: ['**/*.wasm'],
        test: {
          name: 'headless',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{window,package}/**'],
          // Files that run in the same process load the code under test once; no test changes a module.
          isolate: false,
          // A loaded machine is many times slower.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        assetsInclude: ['**/*.wasm'],
        test: {
          name: 'window',
          include: ['test/window/**/*.test.ts'],
          maxWorkers: 2,
          isolate: false,
          // A real window on a busy machine now and then misses its moment. The end of the run names every test that needed its second try.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A loaded machine answers late; what never comes fails the test by this.
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
})
