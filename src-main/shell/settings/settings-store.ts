// The user's settings: saved in a file, applied to the window, and reported when they change.
import { nativeTheme } from 'electron'
import { mergeSettings, defaultSettings, type Settings, type SettingsChange } from '../../../src-shared/config/settings.ts'
import { readSettingsFile, writeSettingsFile } from './settings-file.ts'

export class SettingsStore {
  readonly #path: string
  readonly #onChange: (settings: Settings) => void
  #settings: Settings = defaultSettings
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(path: string, onChange: (settings: Settings) => void) {
    this.#path = path
    this.#onChange = onChange
  }

  async load(): Promise<void> {
    this.#settings = await readSettingsFile(this.#path)
    this.#apply()
  }

  get(): Settings {
    return this.#settings
  }

  async set(change: SettingsChange): Promise<void> {
    this.#settings = mergeSettings(this.#settings, change)
    this.#apply()
    this.#onChange(this.#settings)
    const settings = this.#settings
    this.#lastWrite = this.#lastWrite.catch(() => undefined).then(() => writeSettingsFile(this.#path, settings))
    await this.#lastWrite
  }

  /** Chromium has no third theme, so high contrast uses its dark one. */
  #apply(): void {
    const { theme } = this.#settings
    nativeTheme.themeSource = theme === 'high-contrast' ? 'dark' : theme
  }
}
