// Starts the packaged app as an ordinary user starts it, sandbox and all, and drives it over the DevTools protocol: its fuses leave no other way.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { chromium, errors, type Browser, type Page } from 'playwright'
import { bridgePipe, type PipeBridge } from './pipe-bridge.ts'

export const packageFolder = process.env['HEADROOM_TEST_PACKAGE'] ?? ''
const program = join(packageFolder, 'headroom')
/** nobody. */
const ordinaryUser = 65_534
const isRoot = process.getuid?.() === 0
/** What comes before a command so that no superuser runs it. */
const userPrefix = isRoot ? ['setpriv', `--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, '--clear-groups', '--'] : []

const succeeds = (command: readonly string[]): boolean => {
  try {
    execFileSync(command[0]!, command.slice(1), { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Why the package cannot be started as an ordinary user with its sandbox on this machine; undefined where it can. */
export const findObstacle = (): string | undefined => {
  if (process.platform !== 'linux') return 'the unpacked package is made on Linux'
  if (isRoot && !succeeds([...userPrefix, 'true'])) return 'this machine cannot start programs as another user'
  return succeeds([...userPrefix, 'unshare', '-Ur', 'true']) ? undefined : 'this machine gives ordinary users no namespaces for the sandbox'
}

export interface PackagedApp {
  readonly page: Page
  readonly home: string
  /** What it has written to its terminal. */
  readonly output: () => string
  /** Addresses of everything that can be inspected. */
  readonly targets: () => Promise<string[]>
  readonly processes: () => RunningProcess[]
  readonly close: () => Promise<void>
}

export interface RunningProcess {
  readonly pid: number
  readonly type: string
  readonly uid: number
  /** 2: its system calls are filtered. */
  readonly seccomp: number
  readonly hasOwnNamespace: boolean
}

const describeProcess = (pid: string): RunningProcess | null => {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    if (!command.includes(program)) return null
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const numberOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1])
    return {
      pid: Number(pid),
      type: /--type=(\w+)/.exec(command)?.[1] ?? 'main',
      uid: numberOf('Uid'),
      seccomp: numberOf('Seccomp'),
      hasOwnNamespace: readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user'),
    }
  } catch {
    return null
  }
}

const runningProcesses = (): RunningProcess[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => describeProcess(pid) ?? [])

const timeoutMs = 30_000

const maxAttempts = 4

/** Where Playwright attaches while the page opens it may wait for ever: the next attempt finds the two apart. */
const connectWithRetries = async (site: string): Promise<Browser> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await chromium.connectOverCDP(site, { noDefaults: true, timeout: timeoutMs / 3 })
    } catch (error) {
      if (attempt === maxAttempts || !(error instanceof errors.TimeoutError)) throw error
    }
  }
}

/** `env`: added to the few variables that a desktop sets. */
export const startPackage = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<PackagedApp> => {
  const home = await mkdtemp(join(tmpdir(), 'headroom-package-'))
  if (isRoot) chownSync(home, ordinaryUser, ordinaryUser)
  const graphics = existsSync('/dev/dri') ? [] : ['--disable-gpu']
  // The package refuses a port; a pipe is open to its parent process alone.
  const command = [...userPrefix, program, ...graphics, '--remote-debugging-pipe', ...args]
  const { PATH = '', DISPLAY = '' } = process.env
  const child = spawn(command[0]!, command.slice(1), {
    cwd: home,
    env: { PATH, DISPLAY, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  let browser: Browser | undefined
  let bridge: PipeBridge | undefined
  const close = async (): Promise<void> => {
    child.kill()
    await ended
    // First the bridge: Playwright waits half a minute for a browser that is gone, as long as its connection is there.
    bridge?.close()
    await browser?.close().catch(() => undefined)
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    bridge = await bridgePipe(child.stdio[3] as Writable, child.stdio[4] as Readable)
    // Electron has one browser context and does not let its downloads be redirected.
    browser = await connectWithRetries(bridge.address)
    const context = browser.contexts()[0]!
    const page = context.pages()[0] ?? (await context.waitForEvent('page'))
    const targets = async (): Promise<string[]> => {
      const session = await browser!.newBrowserCDPSession()
      const { targetInfos } = await session.send('Target.getTargets')
      await session.detach()
      return targetInfos.map(({ url }) => url)
    }
    return { page, home, output: () => text, targets, processes: runningProcesses, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Until it ends by itself. */
export const runPackage = (args: readonly string[]): { status: number | null; stderr: string } => {
  const [command, ...rest] = [...userPrefix, program, ...args]
  const { PATH = '', DISPLAY = '' } = process.env
  const { status, stderr } = spawnSync(command!, rest, { env: { PATH, DISPLAY, HOME: tmpdir() }, timeout: timeoutMs, encoding: 'utf8' })
  return { status, stderr }
}
