// The window's settings: theme, zoom, number format, layout and analysis defaults.
import { z } from 'zod'
import { currentName } from '../artefacts/renamed-names.ts'
import { serverColumns } from '../artefacts/server-columns.ts'
import { renameSettings } from './analysis-config.ts'
import { defaultGridLayout, gridLayoutSchema, type GridLayout } from './grid-layout.ts'
import { importChoicesSchema } from './reading-settings.ts'
import { parseMemorySize } from './memory-size.ts'

export const themeChoices = ['system', 'light', 'dark', 'high-contrast'] as const
export type ThemeChoice = (typeof themeChoices)[number]

export const minZoom = 0.5
export const maxZoom = 2.5

/** A list of the window, such as `servers`. */
const gridId = z.string().regex(/^[a-z-]{1,40}$/)

const layoutFields = {
  /** Pixels. */
  drawerWidth: z.number().min(280).max(900),
  /** Whether the sidebar shows icons alone. */
  isSidebarCollapsed: z.boolean(),
  grids: z.record(gridId, gridLayoutSchema),
}
const layoutChangeSchema = z.strictObject(layoutFields).partial()

/** Columns of the server list as earlier versions stored them. */
const visibilityOf = (shown: readonly string[]): GridLayout['visible'] =>
  Object.fromEntries([
    ...serverColumns.filter(({ isShown }) => isShown === true).map(({ name }) => [name, false] as const),
    ...shown.map((name) => [currentName(name), true] as const),
  ])

/** Files of earlier versions state no sidebar and the columns of the server list alone. */
const layoutSchema = z
  .strictObject({
    ...layoutFields,
    isSidebarCollapsed: layoutFields.isSidebarCollapsed.default(false),
    grids: layoutFields.grids.default({}),
    serverColumns: z.array(z.string().max(60)).max(100).nullish(),
  })
  .transform(({ serverColumns: shown, ...layout }) =>
    shown === undefined || shown === null
      ? layout
      : { ...layout, grids: { servers: { ...defaultGridLayout, visible: visibilityOf(shown) }, ...layout.grids } },
  )

/** BCP 47, such as "de-DE"; null: the system's. */
const localeSchema = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
  .nullable()

/** Memory limit of an analysis, such as "4GB"; null: a quarter of the machine's memory. */
const memoryLimitSchema = z
  .string()
  .refine((text) => !Number.isNaN(parseMemorySize(text)))
  .nullable()

/** Settings of the analysis that differ from the defaults, by the keys of the configuration. */
const analysisSchema = z.record(z.string(), z.unknown()).transform(renameSettings)

/** The user's queries, latest first. */
const queryHistorySchema = z.array(z.string().max(100_000)).max(50)

const defaultLayout = { drawerWidth: 340, isSidebarCollapsed: false, grids: {} } as const

export const settingsSchema = z.object({
  theme: z.enum(themeChoices).default('system'),
  zoom: z.number().min(minZoom).max(maxZoom).default(1),
  locale: localeSchema.default(null),
  layout: layoutSchema.default(defaultLayout),
  memoryLimit: memoryLimitSchema.default(null),
  /** Whether saved CSV files begin with a byte order mark, which Excel needs. */
  csvByteOrderMark: z.boolean().default(true),
  analysis: analysisSchema.default({}),
  /** How files of known column names are read. */
  importChoices: importChoicesSchema.default([]),
  queryHistory: queryHistorySchema.default([]),
})
export type Settings = z.infer<typeof settingsSchema>

export const defaultSettings: Settings = {
  theme: 'system',
  zoom: 1,
  locale: null,
  layout: { ...defaultLayout, grids: {} },
  memoryLimit: null,
  csvByteOrderMark: true,
  analysis: {},
  importChoices: [],
  queryHistory: [],
}

export const settingsChangeSchema = z.strictObject({
  theme: z.enum(themeChoices).optional(),
  zoom: z.number().min(minZoom).max(maxZoom).optional(),
  locale: localeSchema.optional(),
  layout: layoutChangeSchema.optional(),
  memoryLimit: memoryLimitSchema.optional(),
  csvByteOrderMark: z.boolean().optional(),
  analysis: analysisSchema.optional(),
  importChoices: importChoicesSchema.optional(),
  queryHistory: queryHistorySchema.optional(),
})
export type SettingsChange = z.infer<typeof settingsChangeSchema>

export const mergeSettings = (settings: Settings, { layout, ...change }: SettingsChange): Settings =>
  settingsSchema.parse({
    ...settings,
    ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    layout: { ...settings.layout, ...Object.fromEntries(Object.entries(layout ?? {}).filter(([, value]) => value !== undefined)) },
  })
