// Settings and other small JSON files on disk. Settings have versions; a file of another version or a damaged one is backed up before it is replaced.
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { settingsSchema, defaultSettings, type Settings } from '../../../src-shared/config/settings.ts'
import { fsyncFile, replaceText } from '../../run-folder/replace-file.ts'
import { tryParseJson } from '../../../src-shared/run/parse-json.ts'

/** Raised with every change of meaning, together with one more upgrader. */
const settingsVersion = 1

type Stored = Readonly<Record<string, unknown>>

/** From each version to the next. Version 0 is the file that stated none: its keys mean the same. */
const upgraders: readonly ((stored: Stored) => Stored)[] = [(stored) => stored]

const storedSchema = z.looseObject({ format_version: z.int().min(0).default(0) })

/** The settings of today's version. An unreadable file is backed up under a name that states the reason, and the defaults apply. */
export const readSettingsFile = async (path: string): Promise<Settings> => {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return defaultSettings
  const stored = storedSchema.safeParse(tryParseJson(text))
  if (!stored.success) return resetSettings(path, 'damaged')
  const { format_version: version, ...keys } = stored.data
  if (version > settingsVersion) return resetSettings(path, `version-${version}`)
  const upgraded = settingsSchema.safeParse(upgraders.slice(version).reduce((value: Stored, upgrade) => upgrade(value), keys))
  if (!upgraded.success) return resetSettings(path, 'damaged')
  if (version < settingsVersion) {
    await backUpFile(path, `version-${version}`)
    await writeSettingsFile(path, upgraded.data).catch(() => undefined)
  }
  return upgraded.data
}

export const writeSettingsFile = (path: string, settings: Settings): Promise<void> =>
  writeJsonFile(path, { format_version: settingsVersion, ...settings })

const resetSettings = async (path: string, reason: string): Promise<Settings> => {
  await backUpFile(path, reason)
  return defaultSettings
}

/** `settings.json` is copied to `settings.json.<reason>`; a copy of an earlier time is replaced. */
const backUpFile = async (path: string, reason: string): Promise<void> => {
  const copy = `${path}.${reason}`
  await copyFile(path, copy)
    .then(() => fsyncFile(copy))
    .catch(() => undefined)
}

/** The content of a small JSON file, or `fallback` where it is absent or invalid: such files hold conveniences, never data. */
export const readJsonFile = async <Value>(path: string, schema: z.ZodType<Value>, fallback: Value): Promise<Value> => {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return fallback
  }
}

export const writeJsonFile = async (path: string, value: unknown): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceText(path, `${JSON.stringify(value, null, 2)}\n`, 0o600)
}
