// Small errands that views ask of the main process: the theme, the clipboard, the file manager.
import type { ThemeChoice } from '../../src-shared/ipc-contract.ts'
import { request } from '../bridge.ts'

/** The window follows when the main process tells it that the setting has changed. */
export const chooseTheme = async (theme: ThemeChoice): Promise<void> => {
  await request('settings.set', { theme })
}

export const copyText = async (text: string): Promise<void> => {
  await request('clipboard.write', { text })
}

export const revealFolder = async (folder: string): Promise<void> => {
  await request('run.reveal', { folder })
}
