// `npm run package`: the unpacked app for this system, from the local Electron. `-- --installers` makes the installers.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { installDependencies } from './setup/dependencies.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { capture } from './setup/run-command.mjs'
import { runMain, printLine, SetupError } from './setup/setup-error.mjs'

const { values } = parseArgs({ options: { installers: { type: 'boolean', default: false }, output: { type: 'string' } } })
const output = resolve(values.output ?? join(projectFolder, 'dist'))
const prepared = join(output, 'prepared')

/** @param {readonly string[]} args */
async function runNode(args) {
  const { code, output: text } = await capture(process.execPath, args, { cwd: projectFolder })
  if (code !== 0) throw new SetupError(text.trimEnd())
}

await runMain(async () => {
  requireSupportedNode()
  const makesInstallers = values.installers
  await installDependencies()
  await runNode(['scripts/bundle-engine.mjs'])
  const { build } = await import('electron-builder')
  const { builderConfig } = await import('./package/builder-config.mjs')
  const { drawIcons } = await import('./package/draw-icons.mjs')
  const { localRuntime, namedVersion } = await import('./package/local-runtime.mjs')
  const { appBillOfMaterials, licenceNotice } = await import('./package/shipped-packages.mjs')
  rmSync(prepared, { recursive: true, force: true })
  mkdirSync(prepared, { recursive: true })
  const runtime = makesInstallers ? { electronVersion: namedVersion() } : await localRuntime(join(projectFolder, 'dist'))
  drawIcons(prepared)
  writeFileSync(join(prepared, 'LICENCES.txt'), licenceNotice())
  writeFileSync(join(prepared, 'sbom.cdx.json'), `${JSON.stringify(appBillOfMaterials(runtime.electronVersion), null, 2)}\n`)
  printLine(`Packing with Electron ${runtime.electronVersion} ...`)
  const made = await build({
    projectDir: projectFolder,
    config: builderConfig({ ...runtime, prepared, output }),
    publish: 'never',
    ...(makesInstallers ? {} : { dir: true, x64: process.arch === 'x64', arm64: process.arch === 'arm64' }),
  })
  for (const file of made) console.log(file)
  if (process.platform === 'linux' && !makesInstallers) {
    const archive = readFileSync(join(output, 'linux-unpacked', 'resources', 'app.asar'))
    console.log(`app.asar: ${(archive.length / 1e6).toFixed(1)} MB, SHA-256 ${createHash('sha256').update(archive).digest('hex')}`)
    console.log(join(output, 'linux-unpacked'))
  }
  return 0
})
