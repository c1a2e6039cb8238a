// The application menu and its accelerators.
import { basename } from 'node:path'
import { app, Menu, type MenuItemConstructorOptions } from 'electron'
import { maxZoom, minZoom, themeChoices, type ThemeChoice } from '../../../src-shared/config/settings.ts'
import type { RecentRuns } from '../settings/recent-runs.ts'
import type { SettingsStore } from '../settings/settings-store.ts'

export interface MenuDeps {
  readonly settings: SettingsStore
  readonly recentRuns: RecentRuns
  readonly openPath: (kind: 'file' | 'folder') => void
  readonly openSample: () => void
  readonly openRun: (folder: string) => void
  readonly reportProblem: () => void
  /** Runs a command of the window by its name. */
  readonly command: (name: string) => void
}

const themeLabels: Readonly<Record<ThemeChoice, string>> = {
  system: 'As the system',
  light: 'Light',
  dark: 'Dark',
  'high-contrast': 'High contrast',
}
const maxRecentRuns = 10

const zoom = (settings: SettingsStore, direction: -1 | 0 | 1): void => {
  const target = direction === 0 ? 1 : Math.round((settings.get().zoom + direction * 0.1) * 10) / 10
  void settings.set({ zoom: Math.min(maxZoom, Math.max(minZoom, target)) })
}

/** Builds the menu from the current theme and recent runs. */
export const setMenu = async ({ settings, recentRuns, ...actions }: MenuDeps): Promise<void> => {
  const { theme } = settings.get()
  const themes = themeChoices.map((choice): MenuItemConstructorOptions => ({
    label: themeLabels[choice],
    type: 'radio',
    checked: choice === theme,
    click: () => void settings.set({ theme: choice }),
  }))
  const recent = (await recentRuns.list())
    .filter(({ exists }) => exists)
    .slice(0, maxRecentRuns)
    .map((run): MenuItemConstructorOptions => ({
      label: `${run.title} (${basename(run.folder)})`.replaceAll('&', '&&'),
      click: () => actions.openRun(run.folder),
    }))
  const command = (label: string, name: string, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    ...(accelerator === undefined ? {} : { accelerator, registerAccelerator: false }),
    click: () => actions.command(name),
  })
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
      {
        label: '&File',
        submenu: [
          { label: 'Open file…', accelerator: 'CmdOrCtrl+O', click: () => actions.openPath('file') },
          { label: 'Open folder…', accelerator: 'CmdOrCtrl+Shift+O', click: () => actions.openPath('folder') },
          { label: 'Open recent', submenu: recent, enabled: recent.length > 0 },
          { label: 'Open the sample fleet', click: () => actions.openSample() },
          { type: 'separator' },
          {
            label: 'Export the run',
            submenu: [
              command('As one web page…', 'report.html'),
              command('As PDF…', 'report.pdf'),
              command('As an Excel workbook…', 'report.xlsx'),
              command('As CSV…', 'report.csv'),
            ],
          },
          command('Copy link to this view', 'link.copy', 'CmdOrCtrl+Shift+L'),
          { type: 'separator' },
          { role: process.platform === 'darwin' ? 'close' : 'quit', ...(process.platform === 'linux' ? { accelerator: 'Ctrl+Q' } : {}) },
        ],
      },
      { role: 'editMenu' },
      {
        label: '&View',
        submenu: [
          { label: 'Theme', submenu: themes },
          { type: 'separator' },
          { label: 'Actual size', accelerator: 'CmdOrCtrl+0', click: () => zoom(settings, 0) },
          { label: 'Zoom in', accelerator: 'CmdOrCtrl+Plus', click: () => zoom(settings, 1) },
          {
            label: 'Zoom in',
            accelerator: 'CmdOrCtrl+=',
            visible: false,
            acceleratorWorksWhenHidden: true,
            click: () => zoom(settings, 1),
          },
          { label: 'Zoom out', accelerator: 'CmdOrCtrl+-', click: () => zoom(settings, -1) },
          { type: 'separator' },
          { role: 'togglefullscreen' },
          ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as const]),
        ],
      },
      {
        label: '&Go',
        submenu: [
          command('Back', 'go.back', 'Alt+Left'),
          command('Forward', 'go.forward', 'Alt+Right'),
          { type: 'separator' },
          command('Undo filter', 'filter.undo', 'CmdOrCtrl+Z'),
          command('Redo filter', 'filter.redo', 'CmdOrCtrl+Shift+Z'),
          command('Clear filter', 'filter.clear', 'CmdOrCtrl+Shift+X'),
        ],
      },
      {
        role: 'help',
        submenu: [
          command('Tour', 'tour.open'),
          command('Commands…', 'palette.open', 'CmdOrCtrl+K'),
          command('Keyboard shortcuts', 'shortcuts.open', '?'),
          { type: 'separator' },
          { label: 'Report a problem…', click: () => actions.reportProblem() },
        ],
      },
    ]),
  )
}
