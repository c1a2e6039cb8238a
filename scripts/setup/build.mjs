// Builds the app into out/, and knows when the build is up to date.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock-file.mjs'
import { modulesFolder, projectFolder } from './project-folders.mjs'
import { capture } from './run-command.mjs'
import { printLine, SetupError } from './setup-error.mjs'

const sources = [
  'src-main',
  'src-shared',
  'src-renderer',
  'resources',
  'scripts/engine',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
]
/** What a build leaves in out/. */
export const products = [
  'main/index.cjs',
  'main/cli.cjs',
  'main/engine-host.cjs',
  'main/query-host.cjs',
  'main/forecast-worker.cjs',
  'main/background-process.cjs',
  'main/path-worker.cjs',
  'main/picture-worker.cjs',
  'main/hash-worker.cjs',
  'main/cluster-worker.cjs',
  'main/driver-worker.cjs',
  'preload/preload.cjs',
  'renderer/index.html',
]

/** @param {string} path @param {(line: string) => void} add */
function listFiles(path, add) {
  const entry = statSync(path, { throwIfNoEntry: false })
  if (!entry) return
  if (!entry.isDirectory()) return add(`${path} ${entry.size} ${entry.mtimeMs}`)
  for (const name of readdirSync(path).sort()) listFiles(join(path, name), add)
}

/** A digest of name, size and time of every source: cheap enough for each start, and it notices deletions too. */
export function sourceFingerprint(folder = projectFolder) {
  const digest = createHash('sha256')
  for (const source of sources) listFiles(join(folder, source), (line) => digest.update(`${line}\n`))
  return digest.digest('hex')
}

/** Whether out/ is complete and built from the current sources. */
export function isBuilt(folder = projectFolder) {
  try {
    return (
      readFileSync(join(folder, 'out', '.headroom-build'), 'utf8') === sourceFingerprint(folder) &&
      products.every((product) => existsSync(join(folder, 'out', product)))
    )
  } catch {
    return false
  }
}

/** Runs the build unless out/ is up to date. Throws the output of a failed build. */
export async function buildApp() {
  if (isBuilt()) return
  await withLock(
    join(projectFolder, '.headroom', 'build.lock'),
    async () => {
      if (isBuilt()) return
      printLine('Building Headroom ...')
      const fingerprint = sourceFingerprint()
      const electronVite = join(modulesFolder, 'electron-vite', 'bin', 'electron-vite.js')
      const { code, output } = await capture(process.execPath, [electronVite, 'build'], { cwd: projectFolder })
      if (code !== 0) throw new SetupError(`${output.trimEnd()}\nThe build failed; the reason is above.`)
      writeFileSync(join(projectFolder, 'out', '.headroom-build'), fingerprint)
    },
    { onWait: () => printLine('Another Headroom is building; waiting for it ...') },
  )
}
