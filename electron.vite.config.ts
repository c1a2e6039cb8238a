// The builds of the app: main process, engine host and command line (CommonJS), preload bridge, renderer.
import { resolve } from 'node:path'
import { defineConfig } from 'electron-vite'
import react from '@vitejs/plugin-react'
import { buildSchemasLater } from './scripts/engine/later-schemas.mjs'
import { packageContents } from './scripts/engine/package-contents.mjs'

const here = (path: string): string => resolve(import.meta.dirname, path)

/** CommonJS with stable names: the fallback runtime is Electron 25, and package.json's bin names out/main/cli.cjs. */
const commonjs = {
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name].cjs',
  // Scripts that V8 has compiled before can be run again only without import().
  dynamicImportInCjs: false,
} as const

export default defineConfig({
  main: {
    // Imported with ?inline, so that worker threads, packages and the engine bundle need no file next to the code.
    assetsInclude: ['**/*.wasm'],
    plugins: [buildSchemasLater(), packageContents()],
    build: {
      target: 'node18',
      outDir: 'out/main',
      // Of DuckDB, the native binding alone stays outside: the hundred small files over it would load one by one.
      externalizeDeps: { exclude: ['@duckdb/node-api'] },
      rollupOptions: {
        external: ['@duckdb/node-bindings'],
        input: {
          index: here('src-main/index.ts'),
          cli: here('src-main/cli/cli.ts'),
          'engine-host': here('src-main/engine-host/engine-host.ts'),
          'query-host': here('src-main/query-host/query-host.ts'),
          'forecast-worker': here('src-main/forecasting/forecast-worker.ts'),
          'background-process': here('src-main/database/background-process.ts'),
          'path-worker': here('src-main/engine/breach/path-worker.ts'),
          'picture-worker': here('src-main/engine/pictures/picture-worker.ts'),
          'hash-worker': here('src-main/run-folder/hash-worker.ts'),
          'cluster-worker': here('src-main/engine/capacity/cluster-worker.ts'),
          'driver-worker': here('src-main/engine/capacity/driver-worker.ts'),
        },
        output: {
          ...commonjs,
          codeSplitting: { groups: [{ name: 'duckdb', test: /[\\/]@duckdb[\\/]/ }] },
        },
      },
    },
  },
  preload: {
    build: {
      target: 'node18',
      outDir: 'out/preload',
      rollupOptions: { input: { preload: here('src-main/preload.ts') }, output: commonjs },
    },
  },
  renderer: {
    root: here('src-renderer'),
    build: {
      target: 'chrome114',
      outDir: 'out/renderer',
      minify: true,
      rollupOptions: {
        input: here('src-renderer/index.html'),
        // What most views share is one file; the grid is another.
        output: {
          codeSplitting: { groups: [{ name: 'common', test: /src-shared|src-renderer[\\/](?!views)(?!.*grid)/, minShareCount: 5 }] },
        },
      },
    },
    plugins: [react(), buildSchemasLater(), packageContents()],
  },
})
