// Converts between the analysis settings and the text of their form fields.
import { settingFields, type SettingKind } from '../../../src-shared/config/setting-fields.ts'

export type SettingsFormState = Readonly<Record<string, string>>

/** The text of a value in the form. */
export const formatSetting = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'string') return value
  if (isUnits(value))
    return Object.entries(value)
      .map((entry) => entry.join(' '))
      .join('; ')
  return isThresholds(value)
    ? Object.entries(value)
        .map(([name, { high, very_high: veryHigh }]) => `${name} ${high} ${veryHigh}`)
        .join('; ')
    : JSON.stringify(value)
}

type Thresholds = Readonly<Record<string, { readonly high: number; readonly very_high: number }>>

const isThresholds = (value: unknown): value is Thresholds =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((entry: unknown) => typeof entry === 'object' && entry !== null && 'high' in entry && 'very_high' in entry)

const isUnits = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && Object.values(value).every((entry: unknown) => typeof entry === 'string')

/** Parses "cpu_p95 fraction; disk percent". An unknown unit stays, so that the engine reports it. */
const parseUnits = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => {
        const unit = part.split(/\s+/).at(-1)!
        return [part.slice(0, -unit.length).trim() || part, unit]
      }),
  )

/** Parses "mem_p95 85 95; disk 70 85". Invalid numbers stay text, so that the engine reports them. */
const parseThresholds = (text: string): Record<string, unknown> =>
  Object.fromEntries(
    text
      .split(';')
      .map((part) => part.trim().split(/\s+/))
      .filter(([name]) => name !== undefined && name !== '')
      .map((tokens) => {
        const nameLength = tokens.length < 3 ? tokens.length : tokens.length - 2
        return [
          tokens.slice(0, nameLength).join(' '),
          { high: parseThreshold(tokens[nameLength]), very_high: parseThreshold(tokens[nameLength + 1]) },
        ]
      }),
  )

/** The settings that differ from the defaults. Values that do not parse stay text, so that the engine reports them. */
export const parseSettings = (form: SettingsFormState, defaults: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const found: Record<string, unknown> = {}
  for (const { key, kind } of settingFields) {
    const text = (form[key] ?? '').trim()
    if (text === '') continue
    const value = parseField(kind, text)
    if (JSON.stringify(value) !== JSON.stringify(defaults[key])) found[key] = value
  }
  return found
}

const parseField = (kind: SettingKind, text: string): unknown => {
  if (kind === 'number' || kind === 'number-or-word') return parseNumber(text)
  if (kind === 'flag') return text === 'true'
  if (kind === 'thresholds') return parseThresholds(text)
  if (kind === 'units') return parseUnits(text)
  if (kind === 'names') return text.split(/[\s,;]+/)
  if (kind === 'numbers') return text.split(/[\s,]+/).map(parseNumber)
  return text
}

const parseThreshold = (token: string | undefined): number | string => (token === undefined ? '' : parseNumber(token))

const parseNumber = (text: string): number | string => (Number.isNaN(Number(text)) ? text : Number(text))
