// The settings that say how the files of one dataset are read: the import dialog states them, and keeps them by column names.
import { z } from 'zod'
import { columnRoleSchema, wideLayoutSchema } from '../run/input-mapping.ts'
import { decimalSettings, textEncodings } from './analysis-config.ts'
import { metricUnitSchema } from './metric-units.ts'
import { nameRecord } from './name-record.ts'

/** Keys of the configuration; what is absent is found in the files, or taken from the settings of the analysis. */
export const readingSettingsSchema = z.strictObject({
  map: z.partialRecord(columnRoleSchema, z.string().min(1)).optional(),
  wide: wideLayoutSchema.optional(),
  date_format: z.string().min(1).optional(),
  encoding: z.enum(textEncodings).optional(),
  batch_step: z.string().min(1).optional(),
  decimal: z.enum(decimalSettings).optional(),
  time_zone: z.string().min(1).optional(),
  interval_level: z.number().gt(0).lt(1).optional(),
  target_metric: z.string().min(1).optional(),
  metric_units: nameRecord(metricUnitSchema).optional(),
})
export type ReadingSettings = z.infer<typeof readingSettingsSchema>

/** The changes win; columns and units are stated one by one. An undefined value withdraws a statement. Null for what is none of these settings. */
export const mergeReadingSettings = (settings: ReadingSettings, changes: Readonly<Record<string, unknown>>): ReadingSettings | null => {
  const merged: Record<string, unknown> = { ...settings, ...changes }
  for (const key of ['map', 'metric_units'] as const) {
    const entries = Object.entries({ ...settings[key], ...nameRecord(z.unknown()).parse(changes[key] ?? {}) })
    merged[key] = Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }
  const stated = Object.entries(merged).filter(([, value]) => !isNothing(value))
  return readingSettingsSchema.safeParse(Object.fromEntries(stated)).data ?? null
}

const isNothing = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** The settings of an analysis with those of its files, which win; units are stated metric by metric. */
export const applyReadingSettings = (
  analysis: Readonly<Record<string, unknown>>,
  settings: ReadingSettings,
): Readonly<Record<string, unknown>> => {
  if (settings.metric_units === undefined) return { ...analysis, ...settings }
  const units = nameRecord(z.unknown()).safeParse(analysis['metric_units']).data
  return { ...analysis, ...settings, metric_units: { ...units, ...settings.metric_units } }
}

/** How files with these column names are read. */
export const importChoiceSchema = z.strictObject({
  /** Sorted, each once. */
  columns: z.array(z.string()).max(2000),
  settings: readingSettingsSchema,
})
export type ImportChoice = z.infer<typeof importChoiceSchema>

/** Latest first. */
export const importChoicesSchema = z.array(importChoiceSchema).max(50)

export const columnSet = (columns: readonly string[]): string[] => [...new Set(columns)].sort()

export const findImportChoice = (choices: readonly ImportChoice[], columns: readonly string[]): ImportChoice | undefined => {
  const wanted = JSON.stringify(columnSet(columns))
  return choices.find((choice) => JSON.stringify(choice.columns) === wanted)
}

/** Files of very many columns are asked about each time. */
export const addImportChoice = (
  choices: readonly ImportChoice[],
  columns: readonly string[],
  settings: ReadingSettings,
): ImportChoice[] => {
  const known = findImportChoice(choices, columns)
  const others = choices.filter((choice) => choice !== known)
  const added = importChoiceSchema.safeParse({ columns: columnSet(columns), settings })
  return added.success ? [added.data, ...others].slice(0, 50) : [...others]
}
