// The simulated AWS account that scripts start: bundled from TypeScript, with forecasts in it, and a Cloud view that is filled in for it.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cliFile, projectFolder } from './project-folders.mjs'
import { capture } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

const work = join(projectFolder, '.headroom', 'sandbox')

/** @param {readonly string[]} args */
async function runNode(args) {
  const { code, output } = await capture(process.execPath, args, { cwd: projectFolder })
  if (code !== 0) throw new SetupError(output.trimEnd())
}

/** Bundles the simulator, and loads it. */
async function loadSimulator() {
  const { build } = await import('vite')
  const outDir = join(work, 'simulator')
  await build({
    configFile: false,
    logLevel: 'error',
    root: projectFolder,
    build: {
      ssr: 'test/simulator/serve-sandbox.ts',
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'simulator.mjs' } },
    },
  })
  return import(pathToFileURL(join(outDir, 'simulator.mjs')).href)
}

/**
 * Packs the engine where it is missing, makes a fleet of 120 servers once, and serves the account.
 * @param {string} [givenForecasts] forecasts to use instead of the fleet
 */
export async function serveSandboxAccount(givenForecasts) {
  await runNode(['scripts/bundle-engine.mjs'])
  mkdirSync(work, { recursive: true })
  const forecasts = givenForecasts ?? join(work, 'fleet.parquet')
  if (!existsSync(forecasts)) await runNode([cliFile, 'sample', '--end', '2026-11-22', '--servers', '120', '--out', forecasts, '--quiet'])
  const { serveSandbox } = await loadSimulator()
  // Where there are no namespaces, the container is this command line.
  process.env.HEADROOM_TEST_CLI ??= cliFile
  return serveSandbox(forecasts)
}

/** Fills in the Cloud view's launch form, unless the user has done so. @param {string} home */
export function fillInLaunchForm(home, { bucket, roleArn, input }) {
  const file = join(home, 'cloud', 'draft.json')
  if (existsSync(file)) return
  mkdirSync(join(home, 'cloud'), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ input, bucket, roleArn }, null, 2)}\n`)
}
