// `npm run sandbox`: the app on a simulated AWS account on this machine. With --serve, or without a display, the account alone.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { cliFile, dataFolder, projectFolder } from './setup/project-folders.mjs'
import { capture, runInTerminal } from './setup/run-command.mjs'
import { runMain, say, SetupError } from './setup/setup-error.mjs'
import { lacksDisplay } from './setup/virtual-display.mjs'

const work = join(projectFolder, '.headroom', 'sandbox')

/** Bundles the simulator, which is TypeScript, and loads it. */
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

/** @param {readonly string[]} args */
async function mustNode(args) {
  const { code, output } = await capture(process.execPath, args, { cwd: projectFolder })
  if (code !== 0) throw new SetupError(output.trimEnd())
}

/** What the Cloud view is filled in with, where the user has not filled in anything yet. */
function fillInDraft(home, { bucket, roleArn, input }) {
  const file = join(home, 'cloud', 'draft.json')
  if (existsSync(file)) return
  mkdirSync(join(home, 'cloud'), { recursive: true })
  const blank = {
    profile: null,
    region: null,
    prefix: 'headroom',
    instanceType: '',
    imageUri: '',
    kmsKeyId: '',
    configFile: '',
    maxRuntimeMinutes: 60,
    costCeilingUsd: 10,
  }
  writeFileSync(file, `${JSON.stringify({ ...blank, input, bucket, roleArn }, null, 2)}\n`)
}

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  await mustNode(['scripts/bundle-engine.mjs'])
  mkdirSync(work, { recursive: true })
  const forecasts = join(work, 'fleet.parquet')
  if (!existsSync(forecasts)) await mustNode([cliFile, 'sample', '--servers', '120', '--out', forecasts, '--quiet'])
  const { serveSandbox } = await loadSimulator()
  // Where there are no namespaces, the container is this command line.
  process.env.HEADROOM_TEST_CLI ??= cliFile
  const sandbox = await serveSandbox(forecasts)
  const variables = Object.entries(sandbox.environment)
  say(`A simulated AWS account is at ${sandbox.endpoint}. For a shell of its own:`)
  for (const [name, value] of variables) console.log(`export ${name}='${value}'`)
  say(`Then: npm run -s headroom -- cloud launch ${sandbox.input} --bucket ${sandbox.bucket} --role ${sandbox.roleArn} --wait --fetch run`)
  if (process.argv.includes('--serve') || lacksDisplay()) {
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    await sandbox.stop()
    return 0
  }
  const home = join(dataFolder(), 'sandbox')
  fillInDraft(home, sandbox)
  const electron = await findElectron()
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  const code = await runInTerminal(electron.electronBinary, [...electron.args, projectFolder], {
    env: { ...env, ...sandbox.environment, HEADROOM_HOME: home },
  })
  await sandbox.stop()
  return code
})
