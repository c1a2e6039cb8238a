// How the files of a dataset were read: which column plays which role, why, and what was left out. In the manifest and in `inspect`.
import { z } from 'zod'

/** What a column of a forecast can be; `quantiles` holds MAP(DOUBLE, DOUBLE) of level 0..1 -> value in canonical rows. */
export const columnRoles = [
  'server_id',
  'timestamp',
  'predicted',
  'model',
  'metric',
  'actual',
  'yhat_lower',
  'yhat_upper',
  'quantiles',
  'is_future',
  'cutoff',
  'horizon_offset',
  'interval_level',
] as const
export const columnRoleSchema = z.enum(columnRoles)
export type ColumnRoleName = z.infer<typeof columnRoleSchema>

/** Layouts in which column names are values: one column per model, per server or per metric. */
export const wideLayouts = ['models', 'servers', 'metrics'] as const
export const wideLayoutSchema = z.enum(wideLayouts)
export type WideLayout = z.infer<typeof wideLayoutSchema>

export const inputFormats = ['parquet', 'csv', 'json'] as const
export const inputFormatSchema = z.enum(inputFormats)
export type InputFormat = z.infer<typeof inputFormatSchema>

export const roleMappingSchema = z.object({
  role: columnRoleSchema,
  /** The user's columns: several where the layout is wide or quantiles have a column each; none for `setting` and `file-name`. */
  columns: z.array(z.string()),
  /** `stated` by the user, by canonical `name`, by `alias`, by the `layout` of columns, from the key of a `folder`, the `file-name`, or a `setting`. */
  how: z.enum(['stated', 'name', 'alias', 'layout', 'folder', 'file-name', 'setting']),
})
export type RoleMapping = z.infer<typeof roleMappingSchema>

/** Files of one format with the same columns. */
const fileMappingSchema = z.object({
  /** Paths as found. */
  files: z.array(z.string()),
  format: inputFormatSchema,
  /** Which reader read them, `long` or `models` for instance. */
  reader: z.string(),
  roles: z.array(roleMappingSchema),
  /** Columns without a role. */
  unused: z.array(z.string()),
})

export const inputMappingSchema = z.object({
  files: z.array(fileMappingSchema),
  /** Whether the rows were converted to canonical columns; else the input's own pages were analysed. */
  is_converted: z.boolean(),
  /** Decimal sign and order of day and month in text; null where no text was read. */
  decimal: z.enum(['point', 'comma']).nullable(),
  date_order: z.enum(['iso', 'day-first', 'month-first', 'month-name', 'compact', 'epoch', 'excel', 'stated']).nullable(),
  /** Nominal level of the bounds that the names or a column state; null where the setting counts. */
  interval_level: z.number().nullable(),
  /** Rows left out since a later cut-off forecast the same time. */
  earlier_cutoff_rows: z.int(),
})
export type InputMapping = z.infer<typeof inputMappingSchema>
