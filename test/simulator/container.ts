// Runs a container's entrypoint without a container engine: a separate mount namespace with /opt/ml, and a minimal environment.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface ContainerSpec {
  /** What the container sees as /opt/ml. */
  readonly ml: string
  /** What the container sees as /opt/image. */
  readonly image?: string | undefined
  readonly entrypoint: readonly string[]
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly isIsolated: boolean
  readonly onLine: (line: string) => void
}

export interface RunningContainer {
  readonly stop: (signal: 'SIGTERM' | 'SIGKILL') => void
  /** Exit code as a shell reports it: 128 + n after signal n. */
  readonly exit: Promise<number>
}

const barePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** How this machine can open a mount namespace; undefined where it cannot (macOS, Windows, locked-down Linux). */
const namespaceSwitches = ((): readonly string[] | undefined => {
  if (process.platform !== 'linux') return undefined
  const candidates = [['--mount'], ['--mount', '--map-root-user']]
  return candidates.find((switches) => spawnSync('unshare', [...switches, 'mount', '-t', 'tmpfs', 'none', '/opt']).status === 0)
})()

export const hasNamespaces = namespaceSwitches !== undefined

const enterScript =
  'mount -t tmpfs none /opt && mkdir /opt/ml && mount --bind "$1" /opt/ml && ' +
  '{ [ -z "$2" ] || { mkdir /opt/image && mount --bind "$2" /opt/image; }; } && mount -t tmpfs none /tmp && shift 2 && cd / && exec env -i "$@"'

/** Replaces the container on machines without namespaces: the host's Node with mapped paths. */
const mappedCommand = ({ ml, args }: ContainerSpec): string[] => {
  const cli = process.env['HEADROOM_TEST_CLI'] ?? join(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
  return [process.execPath, cli, ...args.map((argument) => argument.replaceAll('/opt/ml', ml))]
}

export const startContainer = (spec: ContainerSpec): RunningContainer => {
  const variables = Object.entries({ PATH: barePath, HOME: '/root', ...spec.environment }).map(([name, value]) => `${name}=${value}`)
  const [command, ...rest] =
    namespaceSwitches === undefined
      ? mappedCommand(spec)
      : [
          'unshare',
          ...namespaceSwitches,
          ...(spec.isIsolated ? ['--net'] : []),
          'sh',
          '-c',
          enterScript,
          'container',
          spec.ml,
          spec.image ?? '',
          ...variables,
          ...spec.entrypoint,
          ...spec.args,
        ]
  const environment = Object.fromEntries(
    Object.entries(spec.environment).map(([name, value]) => [name, value.replaceAll('/opt/ml', spec.ml)]),
  )
  const child = spawn(command!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: namespaceSwitches === undefined ? environment : { PATH: barePath },
  })
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', spec.onLine)
  const exit = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)))
  })
  return { stop: (signal) => child.kill(signal), exit }
}
