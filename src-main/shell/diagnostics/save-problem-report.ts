// Saves the problem report where the user says.
import { app, shell, type BrowserWindow } from 'electron'
import { chooseSavePath, writeFileAtomically } from '../ipc/save-file.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import type { DiagnosticLog } from './diagnostic-log.ts'
import { formatProblemReport } from './problem-report.ts'

/** Asks for a path, writes the report and shows it in its folder. */
export const saveProblemReport = async (
  log: DiagnosticLog,
  data: DataFolder,
  settings: Pick<SettingsStore, 'get'>,
  window: BrowserWindow | undefined,
): Promise<void> => {
  const path = await chooseSavePath(window, 'headroom-report.txt', 'txt')
  if (path === null) return
  const facts = {
    version: app.getVersion(),
    isPackaged: app.isPackaged,
    settings: settings.get(),
    crashFolder: data.crashes,
    log: log.read(),
  }
  await writeFileAtomically(path, formatProblemReport(facts))
  shell.showItemInFolder(path)
}
