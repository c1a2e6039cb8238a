// The kinds of tests: those that need no window fill the processors; of those with a window two files run at once, each with its own app.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Launches and child processes wait often enough for three to share two processors.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        assetsInclude: ['**/*.wasm'],
        test: {
          name: 'headless',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{window,package}/**'],
          // Files that run in the same process load the code under test once; no test changes a module.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A loaded machine answers late; what never comes fails the test by this.
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
})
