// The user's own SQL queries: requests, results and their limits.
import { z } from 'zod'
import { exportTargetShape } from './export-rows.ts'

const folder = z.string().min(1)
const sql = z.string().max(100_000)

/** Rows that the window lists; more are exported. */
export const maxListedRows = 20_000
export const maxExportedRows = 1_000_000
/** Of one answer as JSON. */
export const maxListedBytes = 64_000_000
export const maxExportedBytes = 512_000_000

/** Whether a column of this type of DuckDB holds numbers, also where they are text. */
export const isNumericType = (type: string): boolean =>
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BIGNUM)$/.test(type)

export const queryRequestSchema = z.strictObject({ folder, sql })

export const queryResponseSchema = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Values as JSON: times as ISO 8601 text in UTC, numbers that a double would round as text. */
  rows: z.array(z.array(z.json())),
  /** Whether there are more rows than were listed. */
  hasMore: z.boolean(),
  seconds: z.number(),
})
export type QueryResponse = z.infer<typeof queryResponseSchema>

export const queryTablesSchema = z.array(z.object({ name: z.string(), columns: z.array(z.object({ name: z.string(), type: z.string() })) }))
export type QueryTables = z.infer<typeof queryTablesSchema>

export const queryFormats = ['csv', 'parquet', 'json', 'xlsx'] as const
export const queryExportRequestSchema = queryRequestSchema.extend({ format: z.enum(queryFormats) })

/** All rows, up to a million, to a file that the user named. */
export const queryWriteRequestSchema = queryExportRequestSchema.extend(exportTargetShape)
export const writtenQuerySchema = z.object({ path: z.string(), rows: z.int().min(0) })
