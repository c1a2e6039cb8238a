// Records every channel through which a secret could leave the main process: IPC, output, page and files.
import type { Page } from 'playwright'
import { filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import type { AwsSimulator } from '../simulator/simulator.ts'
import type { LaunchedApp } from './launch-app.ts'

export interface SecretRecorder {
  /** All IPC messages so far. */
  readonly messages: () => Promise<string>
  /**
   * Channels and files that contain a secret of the account, or one that was typed into the page; never the secret itself. What was typed
   * passes from the page to the main process, and nowhere else.
   */
  readonly found: (simulator: AwsSimulator, typed?: readonly string[]) => Promise<string[]>
}

/** Call it before the first AWS request. */
export const recordSecretChannels = async ({ app, page, home, folder }: LaunchedApp): Promise<SecretRecorder> => {
  await app.evaluate(({ ipcMain, BrowserWindow }) => {
    const requests: string[] = []
    const ipcMessages: string[] = []
    Object.assign(globalThis, { requests, ipcMessages })
    type Handler = (event: unknown, ...args: unknown[]) => unknown
    // Electron stores the invoke handlers here, and offers no other way to observe them.
    const handlers = (ipcMain as unknown as { _invokeHandlers: Map<string, Handler> })._invokeHandlers
    for (const [channel, handler] of handlers) {
      handlers.set(channel, async (event, ...args) => {
        const response = await handler(event, ...args)
        requests.push(`${channel} ${JSON.stringify(args)}`)
        ipcMessages.push(`${channel} ${JSON.stringify(response)}`)
        return response
      })
    }
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      const send = webContents.send.bind(webContents)
      webContents.send = (channel: string, ...args: unknown[]) => {
        ipcMessages.push(`${channel} ${JSON.stringify(args)}`)
        send(channel, ...args)
      }
    }
  })
  let output = ''
  for (const stream of [app.process().stdout, app.process().stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()))
  const recorded = (list: 'requests' | 'ipcMessages') =>
    app.evaluate((_, name) => (Reflect.get(globalThis, name) as string[]).join('\n'), list)
  return {
    messages: async () => `${await recorded('requests')}\n${await recorded('ipcMessages')}`,
    found: async (simulator, typed = []) => {
      const files = [...(await filesBelow(home)), ...(await filesBelow(folder))]
      const locations: [string, string | Buffer][] = [
        ['requests of the page', await recorded('requests')],
        ['IPC to the page', await recorded('ipcMessages')],
        ['output', output],
        ['page', await contentOf(page)],
        ...files,
      ]
      const secretsIn = (location: string) => [...secretsOf(simulator), ...(location === 'requests of the page' ? [] : typed)]
      return locations
        .filter(([location, content]) => secretsIn(location).some((secret) => content.includes(secret)))
        .map(([location]) => location)
    },
  }
}

const contentOf = (page: Page): Promise<string> => page.content()

/** Keys, secrets and tokens of the account, including those issued during the test. */
const secretsOf = ({ account }: AwsSimulator): string[] => [
  ...[...account.keys].flatMap(([id, { secret, sessionToken }]) => [id, secret, ...(sessionToken === undefined ? [] : [sessionToken])]),
  'simulated-access-',
  'simulated-refresh-',
]
