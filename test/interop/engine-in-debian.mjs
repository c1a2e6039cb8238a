// Shows that the engine bundle needs nothing but glibc 2.31: it analyses a sample in a bare Debian 11 root without Node and without network.
// Usage: node test/interop/engine-in-debian.mjs. As root on Linux with debootstrap; elsewhere it says what is missing and ends well.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cacheFolder } from '../../scripts/setup/project-folders.mjs'

const project = resolve(import.meta.dirname, '..', '..')
const cli = join(project, 'out', 'main', 'cli.cjs')

/** @param {string} reason @returns {never} */
function skip(reason) {
  console.log(`Skipped: ${reason}`)
  process.exit(0)
}

/** @param {string} command @param {readonly string[]} args */
function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: project, maxBuffer: 64 * 1024 * 1024 })
  if (status === 0) return stdout
  console.error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  process.exit(1)
}

if (process.platform !== 'linux' || process.getuid?.() !== 0) skip('a bare root file system needs Linux and root.')
if (spawnSync('debootstrap', ['--version']).status !== 0) skip('debootstrap is not installed.')

const root = join(cacheFolder(), 'debian-11')
if (!existsSync(join(root, 'usr', 'bin', 'ldd'))) {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  const made = spawnSync('debootstrap', ['--variant=minbase', 'bullseye', root], { encoding: 'utf8' })
  if (made.status !== 0) {
    rmSync(root, { recursive: true, force: true })
    skip(`debootstrap could not make Debian 11 here: ${made.stdout.trim().split('\n').at(-1)}`)
  }
}
must(process.execPath, ['scripts/bundle-engine.mjs'])
const work = mkdtempSync(join(tmpdir(), 'headroom-debian-'))
try {
  const ml = join(work, 'ml')
  const engine = join(ml, 'processing', 'input', 'engine')
  mkdirSync(engine, { recursive: true })
  mkdirSync(join(ml, 'processing', 'output'), { recursive: true })
  for (const name of ['run.sh', 'headroom-engine.tar.gz']) copyFileSync(join(project, 'out', 'engine', name), join(engine, name))
  const fleet = join(ml, 'processing', 'input', 'fleet.parquet')
  must(process.execPath, [cli, 'sample', '--end', '2026-11-22', '--servers', '40', '--out', fleet, '--quiet'])
  must(process.execPath, [cli, 'analyze', fleet, '--out', join(work, 'local'), '--quiet'])
  mkdirSync(join(root, 'opt', 'ml'), { recursive: true })
  const enter =
    'mount --bind "$1" "$2/opt/ml" && mount -t tmpfs none "$2/tmp" && mount -t proc none "$2/proc" && exec chroot "$2" env -i PATH=/usr/bin:/bin "${@:3}"'
  const args = ['analyze', '/opt/ml/processing/input/fleet.parquet', '--out', '/opt/ml/processing/output', '--json']
  const start = ['/bin/bash', '/opt/ml/processing/input/engine/run.sh', ...args]
  const said = must('unshare', ['--mount', '--net', 'bash', '-c', enter, 'enter', ml, root, ...start])
  console.log(said.split('\n').slice(0, 2).join('\n'))
  const names = [
    'risk_flagged_forecasts.parquet',
    'server_risk.parquet',
    'server_clusters.csv',
    'risk_heatmap.png',
    'utilization_clusters.png',
  ]
  const differing = names.filter(
    (name) => !readFileSync(join(ml, 'processing', 'output', name)).equals(readFileSync(join(work, 'local', name))),
  )
  if (differing.length > 0) {
    console.error(`These differ from the run on this machine: ${differing.join(', ')}`)
    process.exit(1)
  }
  console.log(`The engine runs in Debian 11 without Node and network; ${names.length} artefacts have the bytes of a run on this machine.`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
