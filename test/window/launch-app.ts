// Starts the real app for a window test, in temporary folders.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { _electron, errors, type ElectronApplication, type Page } from 'playwright'

const projectFolder = resolve(import.meta.dirname, '..', '..')

export interface LaunchedApp {
  app: ElectronApplication
  /** The first window, after its page has loaded. */
  page: Page
  /** The app's HEADROOM_HOME. */
  home: string
  /** The app writes only here and in its home folder. */
  folder: string
  /** Ends the app; removes its folders, except a `home` that the test supplied. */
  close: () => Promise<void>
}

export interface LaunchOptions {
  /** Command line arguments after the app folder. */
  args?: readonly string[]
  /** An existing HEADROOM_HOME, for tests that start the app twice; default: a new folder. */
  home?: string | undefined
  env?: Readonly<Record<string, string>>
  /** Starts Electron instead of the runtime itself. */
  executable?: string
}

/** The environment of the app: that of the test, without the variables that change how Electron starts. */
function appEnvironment(overrides: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(ELECTRON_|VITEST|NODE_ENV$|AWS_)/.test(entry[0]),
  )
  return { ...Object.fromEntries(inherited), ...overrides }
}

/** Answers the questions of the main process by their first button or by Cancel; `globalThis.questions` holds their details. */
export const answerQuestions = (app: ElectronApplication, response: 0 | 1): Promise<void> =>
  app.evaluate(({ dialog }, chosen) => {
    const questions: string[] = []
    Object.assign(globalThis, { questions })
    const answer = (...args: unknown[]): Promise<{ response: number; checkboxChecked: boolean }> => {
      questions.push((args.at(-1) as { detail?: string }).detail ?? '')
      return Promise.resolve({ response: chosen, checkboxChecked: false })
    }
    dialog.showMessageBox = answer
  }, response)

export const questionsOf = (app: ElectronApplication): Promise<string[]> =>
  app.evaluate(() => (globalThis as unknown as { questions: string[] }).questions)

const launchTimeoutMs = 20_000
const launchAttempts = 3

/**
 * Playwright attaches while the page opens. In rare cases this race blocks Playwright until the timeout; another attempt
 * succeeds.
 */
async function launchWithRetry(options: Parameters<typeof _electron.launch>[0]): Promise<ElectronApplication> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await _electron.launch({ ...options, timeout: launchTimeoutMs })
    } catch (error) {
      if (attempt === launchAttempts || !(error instanceof errors.TimeoutError)) throw error
    }
  }
}

const quitTimeoutMs = 60_000

/** Closing once took more than two minutes, for an unknown reason. Tests of quitting end the app by themselves. */
const quit = async (app: ElectronApplication): Promise<void> => {
  const timer = setTimeout(() => {
    console.warn(`The app did not quit within ${quitTimeoutMs / 1000} seconds, and was killed.`)
    app.process().kill('SIGKILL')
  }, quitTimeoutMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

export async function launchApp({ args = [], home, env = {}, executable }: LaunchOptions = {}): Promise<LaunchedApp> {
  const electron = process.env['HEADROOM_TEST_ELECTRON']
  if (!electron) throw new Error('Window tests are started with: npm run test:window')
  const switches = JSON.parse(process.env['HEADROOM_TEST_ELECTRON_ARGS'] ?? '[]') as string[]
  const folder = await mkdtemp(join(tmpdir(), 'headroom-window-'))
  const headroomHome = home ?? join(folder, 'home')
  const userData = join(folder, 'user-data')
  const removeFolder = () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  let app: ElectronApplication | undefined
  const close = async () => {
    if (app !== undefined) await quit(app)
    await removeFolder()
  }
  try {
    app = await launchWithRetry({
      executablePath: executable ?? electron,
      args: [...switches, `--user-data-dir=${userData}`, projectFolder, ...args],
      cwd: folder,
      env: appEnvironment({
        HEADROOM_HOME: headroomHome,
        HEADROOM_SAMPLE_END: '2026-11-22',
        XDG_CONFIG_HOME: join(folder, 'config'),
        ...env,
      }),
    })
    const page = await app.firstWindow()
    page.setDefaultTimeout(60_000)
    await page.waitForLoadState('load')
    return { app, page, home: headroomHome, folder, close }
  } catch (error) {
    await close()
    throw error
  }
}
