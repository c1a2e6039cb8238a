// Small errands that views ask of the main process: settings, the clipboard, files, the file manager.
import { toWireError } from '../../src-shared/run/errors.ts'
import { formatDeepLink } from '../../src-shared/ipc/deep-link.ts'
import type { ConfigReading } from '../../src-shared/config/config-preview.ts'
import type { EventCalendarView, EventLine } from '../../src-shared/ipc/event-calendar.ts'
import type { ExportRowsRequest } from '../../src-shared/ipc/export-rows.ts'
import { maxPickedServers } from '../../src-shared/ipc/fleet-filter.ts'
import type { Decision } from '../../src-shared/ipc/fleet-view.ts'
import type { SavedKind } from '../../src-shared/ipc/ipc-contract.ts'
import type { ReportFormat } from '../../src-shared/ipc/report-format.ts'
import type { ServersInsideRequest } from '../../src-shared/ipc/run-view.ts'
import type { SavedScenario } from '../../src-shared/ipc/saved-scenario.ts'
import type { SettingsChange } from '../../src-shared/config/settings.ts'
import { request } from '../ipc/bridge.ts'
import { fileNameOf } from './open-path.ts'
import { useWindowState } from './window-state.ts'

const { getState, setState } = useWindowState

export const notify = (notice: string): void => setState({ notice })

/** Rejects where the settings of an analysis do not fit; the window follows once the main process tells of the change. */
export const changeSettings = async (change: SettingsChange): Promise<void> => {
  const settings = await request('settings.set', change)
  setState({ settings })
}

export const copyText = async (text: string): Promise<void> => {
  await request('clipboard.write', { text })
}

export const revealFolder = async (folder: string): Promise<void> => {
  await request('run.reveal', { folder })
}

/** Says how it went in the status bar. */
export const notifyResult = async (action: () => Promise<string | null>): Promise<void> => {
  try {
    const notice = await action()
    if (notice !== null) notify(notice)
  } catch (thrown) {
    const { message, next } = toWireError(thrown)
    notify(next === undefined ? message : `${message} ${next}`)
  }
}

/** `besides`: what else is to be said, such as what is missing. */
export const copyWithNotice = (text: string, subject: string, suffix = ''): Promise<void> =>
  notifyResult(async () => {
    await copyText(text)
    return `${subject} copied${suffix}.`
  })

export const saveFile = (name: string, kind: SavedKind, content: string | Uint8Array<ArrayBuffer>): Promise<void> =>
  notifyResult(async () => {
    const { path } = await request('file.save', { name: name.replace(/[/\\\0]+/g, ' ').slice(0, 200), kind, content })
    return path === null ? null : `Saved ${fileNameOf(path)}.`
  })

export const exportRows = (params: ExportRowsRequest): Promise<void> =>
  notifyResult(async () => {
    const saved = await request('rows.export', params)
    return saved === null ? null : `Saved ${saved.rows.toLocaleString()} servers as ${fileNameOf(saved.path)}.`
  })

export const exportReport = (format: ReportFormat): Promise<void> =>
  notifyResult(async () => {
    const { run } = getState()
    if (run === null) return null
    const { path } = await request('report.export', { folder: run.folder, format })
    return path === null ? null : `Saved ${fileNameOf(path)}.`
  })

/** The servers inside a line drawn on the scatter. More than can be picked, or a failure, are told in the status bar, and none comes back. */
export const findServersInside = async (params: ServersInsideRequest): Promise<readonly string[]> => {
  let serversInside: readonly string[] = []
  await notifyResult(async () => {
    const { total, servers } = await request('clusters.select', params)
    serversInside = servers
    if (total <= maxPickedServers) return null
    return `${total.toLocaleString()} servers lie inside; at most ${maxPickedServers.toLocaleString()} can be picked. Draw a smaller area, or filter by a cluster.`
  })
  return serversInside
}

export const importConfig = (): Promise<ConfigReading | null> => request('config.import', {})

/** Text of a link that opens this run in this view with this filter. */
export const currentViewLink = (): string | null => {
  const { run, view, metric, filter, selectedServer } = getState()
  return run === null ? null : formatDeepLink({ path: run.folder, view, metric, server: selectedServer, filter })
}

export const copyLink = async (): Promise<void> => {
  const link = currentViewLink()
  if (link !== null) await copyWithNotice(link, 'Link to this view')
}

/** Checked, kept beside the run and assessed anew. Rejects where a line does not fit or the ledger cannot be kept. */
export const saveEvents = (folder: string, lines: readonly EventLine[]): Promise<EventCalendarView> =>
  request('events.save', { folder, lines: [...lines] })

/** Rejects where they cannot be kept. */
export const saveScenarios = async (folder: string, scenarios: readonly SavedScenario[]): Promise<void> => {
  await request('scenarios.save', { folder, scenarios: [...scenarios] })
}

/** Rejects where the decision cannot be kept. */
export const saveDecisions = async (folder: string, decisions: readonly Omit<Decision, 'decided_at'>[]): Promise<void> => {
  await request('decisions.save', { folder, decisions: [...decisions] })
}

export const removeDecisions = async (folder: string, servers: readonly string[]): Promise<void> => {
  await request('decisions.remove', { folder, servers: [...servers] })
}
