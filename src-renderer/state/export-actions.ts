// Copies text and links to the clipboard; saves charts, tables, rows and reports as files that the user chooses.
import { formatDeepLink } from '../../src-shared/ipc/deep-link.ts'
import type { ExportRowsRequest, PackFormat, ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import type { SavedKind } from '../../src-shared/ipc/ipc-contract.ts'
import { request } from '../ipc/bridge.ts'
import { formatting } from '../theme/formatting.ts'
import { fileNameOf } from './open-path.ts'
import { findHistory } from './open-history.ts'
import { notifyResult, useWindowState } from './window-state.ts'

export const copyText = async (text: string): Promise<void> => {
  await request('clipboard.write', { text })
}

/** `suffix`: further information, such as the number of missing rows. */
export const copyWithNotice = (text: string, subject: string, suffix = ''): Promise<void> =>
  notifyResult(async () => {
    await copyText(text)
    return `${subject} copied${suffix}.`
  })

/** A link that opens this run in this view with this filter. */
const currentViewLink = (): string | null => {
  const { run, view, metric, filter, selectedServer } = useWindowState.getState()
  return run === null ? null : formatDeepLink({ path: run.folder, view, metric, server: selectedServer, filter })
}

export const copyLink = async (): Promise<void> => {
  const link = currentViewLink()
  if (link !== null) await copyWithNotice(link, 'Link')
}

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

export const exportPack = (format: PackFormat): Promise<void> =>
  notifyResult(async () => {
    const { run, history } = useWindowState.getState()
    const found = run === null ? null : await findHistory(run.folder, history)
    if (found === null) return 'This run belongs to no open history. Open the folder of its runs first.'
    const { path } = await request('pack.export', { ...found, format })
    return path === null ? null : `Saved ${fileNameOf(path)}.`
  })
