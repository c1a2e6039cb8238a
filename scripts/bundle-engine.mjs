// `npm run bundle:engine`: packs the engine for the cloud into out/engine, unless the sources are unchanged.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp, sourceFingerprint } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { withLock } from './setup/lock-file.mjs'
import { requireSupportedNode } from './setup/node-version.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { runMain, printLine } from './setup/setup-error.mjs'

const folder = join(projectFolder, 'out', 'engine')
const stamp = join(folder, '.fingerprint')

function isPacked() {
  return existsSync(join(folder, 'engine.json')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceFingerprint()
}

await runMain(async () => {
  requireSupportedNode()
  await installDependencies()
  await buildApp()
  await withLock(
    join(projectFolder, '.headroom', 'engine.lock'),
    async () => {
      if (isPacked()) return
      printLine('Packing the engine for the cloud ...')
      const fingerprint = sourceFingerprint()
      // Its libraries are installed by now.
      const { packEngine } = await import('./engine/pack-engine.mjs')
      await packEngine(folder)
      writeFileSync(stamp, fingerprint)
    },
    { onWait: () => printLine('Another Headroom packs the engine; waiting for it ...') },
  )
  const { sha256, bytes, version } = JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8'))
  console.log(`Engine ${version}: ${(bytes / 1e6).toFixed(1)} MB, SHA-256 ${sha256}`)
  console.log(folder)
  return 0
})
