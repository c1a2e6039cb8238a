// `npm run interop`: checks against independent programs, where they are installed; lists skipped checks. HEADROOM_PYTHON names a Python.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

await installDependencies()
await buildApp()
const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const folder = await mkdtemp(join(tmpdir(), 'headroom-interop-'))
const cli = (/** @type {string[]} */ args) => execFileSync(process.execPath, [cliFile, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
let failed = 0
try {
  for (const [servers, clusters] of [
    [60, '3'],
    [400, '4'],
    [400, 'auto'],
  ]) {
    const forecasts = join(folder, `${servers}.parquet`)
    const run = join(folder, `run-${servers}-${clusters}`)
    cli(['sample', '--end', '2026-11-22', '--servers', String(servers), '--out', forecasts, '--quiet'])
    cli(['analyze', forecasts, '--set', `n_clusters=${clusters}`, '--out', run, '--quiet'])
    const { status, stdout, stderr, error } = spawnSync(python, [join(projectFolder, 'test', 'interop', 'clusters.py'), run], {
      encoding: 'utf8',
    })
    if (error !== undefined) {
      console.log(`skipped: ${python} cannot be started`)
      break
    }
    console.log(`clusters, ${servers} servers, n_clusters ${clusters}\n${stdout}${stderr}`)
    failed += status === 0 ? 0 : 1
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
spawnSync(process.execPath, [join(projectFolder, 'scripts', 'bundle-engine.mjs')], { stdio: 'inherit' })
const foreignClients = spawnSync(
  process.execPath,
  [join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'headless', 'test/simulator/foreign-clients.test.ts'],
  { stdio: 'inherit', cwd: projectFolder, env: { ...process.env, HEADROOM_INTEROP: 'yes' } },
)
failed += foreignClients.status === 0 ? 0 : 1
const realPrometheus = spawnSync(
  process.execPath,
  [join(projectFolder, 'scripts', 'test.mjs'), 'window', 'test/window/real-prometheus.test.ts'],
  { stdio: 'inherit', cwd: projectFolder, env: { ...process.env, HEADROOM_INTEROP: 'yes' } },
)
failed += realPrometheus.status === 0 ? 0 : 1
for (const script of [
  'recorded-requests.mjs',
  'cloud-on-moto.mjs',
  'collect-on-moto.mjs',
  'real-prometheus.mjs',
  'textfile-metrics.mjs',
  'engine-in-debian.mjs',
  'spark.mjs',
  'spark-storage.mjs',
]) {
  console.log(`\n${script}`)
  const { status } = spawnSync(process.execPath, [join(projectFolder, 'test', 'interop', script)], { stdio: 'inherit' })
  failed += status === 0 ? 0 : 1
}
process.exitCode = failed === 0 ? 0 : 1
