// Changes the settings and imports a configuration file.
import type { ConfigReading } from '../../src-shared/config/pipeline-config.ts'
import type { SettingsChange } from '../../src-shared/config/settings.ts'
import { request } from '../ipc/bridge.ts'
import { useWindowState } from './window-state.ts'

/** Rejects invalid analysis settings. */
export const changeSettings = async (change: SettingsChange): Promise<void> => {
  const settings = await request('settings.set', change)
  useWindowState.setState({ settings })
}

/** null when the dialog is dismissed. */
export const importConfig = (): Promise<ConfigReading | null> => request('config.import', {})
