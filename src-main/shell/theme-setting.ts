// The theme the user chose: kept in the settings file, applied to the window's frame, told to the page.
import { nativeTheme } from 'electron'
import { settingsSchema, type Settings } from '../../src-shared/ipc-contract.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

export class ThemeSetting {
  readonly #path: string
  readonly #onChange: (settings: Settings) => void
  #settings: Settings = { theme: 'system' }

  constructor(path: string, onChange: (settings: Settings) => void) {
    this.#path = path
    this.#onChange = onChange
  }

  async load(): Promise<void> {
    this.#settings = await readJsonFile(this.#path, settingsSchema, this.#settings)
    nativeTheme.themeSource = this.#settings.theme
  }

  get(): Settings {
    return this.#settings
  }

  async set(settings: Settings): Promise<Settings> {
    this.#settings = settings
    nativeTheme.themeSource = settings.theme
    this.#onChange(settings)
    await writeJsonFile(this.#path, settings)
    return settings
  }
}
