// Saves charts, tables, rows and reports as files that the user chooses.
import type { ExportRowsRequest, ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import type { SavedKind } from '../../src-shared/ipc/ipc-contract.ts'
import { request } from '../ipc/bridge.ts'
import { formatting } from '../theme/formatting.ts'
import { notifyResult } from './notify.ts'
import { fileNameOf } from './open-path.ts'
import { useWindowState } from './window-state.ts'

export const saveFile = (name: string, kind: SavedKind, content: string | Uint8Array<ArrayBuffer>): Promise<void> =>
  notifyResult(async () => {
    const { path } = await request('file.save', { name: name.replace(/[/\\\0]+/g, ' ').slice(0, 200), kind, content })
    return path === null ? null : `Saved ${fileNameOf(path)}.`
  })

export const exportRows = (params: ExportRowsRequest): Promise<void> =>
  notifyResult(async () => {
    const saved = await request('rows.export', params)
    return saved === null ? null : `Saved ${formatting.count(saved.rows)} servers as ${fileNameOf(saved.path)}.`
  })

export const exportReport = (format: ReportFormat): Promise<void> =>
  notifyResult(async () => {
    const { run } = useWindowState.getState()
    if (run === null) return null
    const { path } = await request('report.export', { folder: run.folder, format })
    return path === null ? null : `Saved ${fileNameOf(path)}.`
  })
