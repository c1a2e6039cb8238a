// The cloud desk as Electron serves it: notifications, pages in the browser, the dialog for a configuration.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dialog, Notification, type BrowserWindow, type OpenDialogOptions } from 'electron'
import type { LocalKind } from '../../../src-shared/ipc/cloud-contract.ts'
import type { Push } from '../../../src-shared/ipc/ipc-contract.ts'
import type { CloudService } from './cloud-service.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import type { EngineProcess } from '../engine/engine-process.ts'
import { openAwsPage } from './open-aws-page.ts'

export interface CloudServiceContext {
  readonly data: DataFolder
  readonly window: () => BrowserWindow | undefined
  readonly push: (push: Push) => void
  readonly engine: Pick<EngineProcess, 'call'>
}

export interface LazyCloudService {
  /** Loads it on first use. */
  readonly service: () => Promise<CloudService>
  /** Lets go of what it follows; nothing where it was never used. */
  readonly stopFollowing: () => Promise<void>
  /** Whether an earlier start left trips that may go on. */
  readonly hasCloudRuns: () => boolean
}

export const createLazyCloudService = ({ data, window, push, engine }: CloudServiceContext): LazyCloudService => {
  let opened: Promise<CloudService> | undefined
  const open = async (): Promise<CloudService> => {
    const { CloudService } = await import('./cloud-service.ts')
    return new CloudService({
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
        return filePaths[0] ?? null
      },
      engine: {
        plan: ({ serversTable, model, inputs, ...request }) =>
          engine.call('forecasts.plan', { ...request, inputs: [...inputs], serversTable: serversTable ?? null, model: model ?? null }),
        checkTables: ({ serversTable, eventsTable }) =>
          engine.call('tables.check', { serversTable: serversTable ?? null, eventsTable: eventsTable ?? null }),
      },
      openRun: (folder) => push({ type: 'start.requested', startRequest: { kind: 'path', path: folder } }),
    })
  }
  return {
    service: () => (opened ??= open()),
    stopFollowing: async () => opened?.then((service) => service.stopFollowing()),
    hasCloudRuns: () => existsSync(join(data.cloud, 'trips')),
  }
}

const dialogOptions: Readonly<Record<LocalKind | 'config', OpenDialogOptions>> = {
  config: { title: "The pipeline's config.yaml", properties: ['openFile'], filters: [{ name: 'YAML', extensions: ['yaml', 'yml'] }] },
  forecasts: {
    title: 'Forecasts to send',
    properties: ['openFile'],
    filters: [{ name: 'Parquet', extensions: ['parquet', 'pq'] }],
  },
  table: {
    title: 'Table to send along',
    properties: ['openFile'],
    filters: [{ name: 'CSV or Parquet', extensions: ['csv', 'parquet', 'pq'] }],
  },
  project: { title: 'Folder that holds src and config', properties: ['openDirectory'] },
}
