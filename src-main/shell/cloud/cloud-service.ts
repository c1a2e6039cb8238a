// Cloud channels, dialogs, notifications and pages of AWS in Electron. The first request loads the AWS SDK.
import { existsSync } from 'node:fs'
import { app, dialog, Notification, shell, type BrowserWindow, type OpenDialogOptions } from 'electron'
import type { LocalKind } from '../../../src-shared/ipc/cloud-contract.ts'
import type { ChannelRequest, ChannelResponse, ChannelServedBy, Push } from '../../../src-shared/ipc/ipc-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { parquetExtensions } from '../../../src-shared/run/parquet-files.ts'
import { cloudFolders } from '../../cloud/launch/launch-records.ts'
import type { EngineProcess } from '../engine/host-process.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import type { GrantedPaths } from '../ipc/granted-paths.ts'
import { parseAwsUrl } from '../../cloud/account/aws-pages.ts'
import type { CloudSession } from './cloud-session.ts'

export interface CloudServiceDeps {
  readonly data: DataFolder
  readonly window: () => BrowserWindow | undefined
  readonly push: (push: Push) => void
  readonly engine: EngineProcess
  readonly granted: GrantedPaths
}

export class CloudService {
  readonly #deps: CloudServiceDeps
  #session: Promise<CloudSession> | undefined

  constructor(deps: CloudServiceDeps) {
    this.#deps = deps
  }

  async call<Name extends ChannelServedBy<'cloud'>>(channel: Name, request: ChannelRequest<Name>): Promise<ChannelResponse<Name>> {
    const { handlers } = await this.#open()
    return handlers[channel](request)
  }

  /** Follows the runs of an earlier start again; without any, nothing is loaded. */
  async resume(): Promise<void> {
    if (existsSync(cloudFolders(this.#deps.data.cloud).launchRecords)) await this.#open()
  }

  /** Jobs go on, and the next start follows them again. */
  async stopFollowing(): Promise<void> {
    const session = await this.#session
    await session?.stopFollowing()
  }

  #open(): Promise<CloudSession> {
    return (this.#session ??= this.#load())
  }

  async #load(): Promise<CloudSession> {
    const { CloudSession } = await import('./cloud-session.ts')
    const { data, push, window, engine, granted } = this.#deps
    return new CloudSession({
      data,
      push,
      openPage: (address) => openAwsPage(address, window()),
      notify: (title, body) => {
        if (Notification.isSupported()) new Notification({ title, body }).show()
      },
      choosePath: async (kind) => {
        const parent = window()
        if (parent === undefined) return null
        const { filePaths } = await dialog.showOpenDialog(parent, dialogOptions[kind])
        granted.add(...filePaths)
        return filePaths[0] ?? null
      },
      engine: {
        plan: ({ serversTable, model, inputs, ...request }) =>
          engine.call('forecasts.plan', { ...request, inputs: [...inputs], serversTable: serversTable ?? null, model: model ?? null }),
        checkTables: ({ serversTable, eventsTable, capacityTables, config }) =>
          engine.call('tables.check', { serversTable: serversTable ?? null, eventsTable: eventsTable ?? null, capacityTables, config }),
      },
      assemble: (call) => engine.call('measurements.assemble', call),
      openRun: (folder) => push({ type: 'start.requested', startRequest: { kind: 'path', path: folder } }),
    })
  }
}

const dialogOptions: Readonly<Record<LocalKind | 'config', OpenDialogOptions>> = {
  config: { title: 'Choose a config.yaml', properties: ['openFile'], filters: [{ name: 'YAML', extensions: ['yaml', 'yml'] }] },
  forecasts: {
    title: 'Choose forecasts',
    properties: ['openFile'],
    filters: [{ name: 'Parquet', extensions: [...parquetExtensions] }],
  },
  table: {
    title: 'Choose a table',
    properties: ['openFile'],
    filters: [{ name: 'CSV, XLSX or Parquet', extensions: ['csv', 'xlsx', ...parquetExtensions] }],
  },
  project: { title: 'Choose the folder with src and config', properties: ['openDirectory'] },
}

/** Opens a page of AWS in the browser after asking. Throws cloud-setup for any other address, cancelled if the user declines. */
const openAwsPage = async (address: string, window: BrowserWindow | undefined): Promise<void> => {
  const page = parseAwsUrl(address, !app.isPackaged)
  if (page === null) {
    throw new HeadroomError('cloud-setup', 'The address is not a page of AWS, so it is not opened.', {
      next: 'Check the endpoints in your AWS configuration.',
    })
  }
  const question = {
    type: 'question' as const,
    title: 'Headroom',
    message: `Open ${page.host} in your browser?`,
    detail: page.href.length > 300 ? `${page.href.slice(0, 300)}…` : page.href,
    buttons: ['Open', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  }
  const { response } = await (window === undefined ? dialog.showMessageBox(question) : dialog.showMessageBox(window, question))
  if (response !== 0) throw new HeadroomError('cancelled', 'The page was not opened.')
  await shell.openExternal(page.href)
}
