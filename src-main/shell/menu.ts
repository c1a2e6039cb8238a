// The application menu with the accelerators people expect.
import { Menu, type MenuItemConstructorOptions } from 'electron'
import { themeChoices, type ThemeChoice } from '../../src-shared/ipc-contract.ts'

export interface MenuActions {
  readonly openPath: (kind: 'file' | 'folder') => void
  readonly openSample: () => void
  readonly chooseTheme: (theme: ThemeChoice) => void
}

const themeLabels: Readonly<Record<ThemeChoice, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' }

export const setMenu = (theme: ThemeChoice, actions: MenuActions): void => {
  const themes = themeChoices.map((choice): MenuItemConstructorOptions => ({
    label: themeLabels[choice],
    type: 'radio',
    checked: choice === theme,
    click: () => actions.chooseTheme(choice),
  }))
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
      {
        label: '&File',
        submenu: [
          { label: 'Open file…', accelerator: 'CmdOrCtrl+O', click: () => actions.openPath('file') },
          { label: 'Open folder…', accelerator: 'CmdOrCtrl+Shift+O', click: () => actions.openPath('folder') },
          { label: 'Open the sample fleet', click: () => actions.openSample() },
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
          { role: 'resetZoom' },
          { role: 'zoomIn' },
          { role: 'zoomOut' },
          { type: 'separator' },
          { role: 'togglefullscreen' },
          { role: 'toggleDevTools' },
        ],
      },
    ]),
  )
}
