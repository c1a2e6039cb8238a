// The user's own questions: what the query process is asked and answers.
import { z } from 'zod'
import { wireErrorSchema } from '../run/errors.ts'

const folder = z.string().min(1)
const sql = z.string().max(100_000)

/** Rows that the window lists; more are exported. */
export const maxListedRows = 20_000
export const maxExportedRows = 1_000_000

export const queryRequestSchema = z.strictObject({ folder, sql })

export const queryResponseSchema = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Values as JSON: times as ISO 8601 text in UTC, whole numbers beyond 2^53 as text. */
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

export const queryCalls = {
  'query.run': { request: queryRequestSchema, response: queryResponseSchema },
  'query-tables.list': { request: z.strictObject({ folder }), response: queryTablesSchema },
  /** Writes all rows, up to a million, to a file that the user named. */
  'query.export': {
    request: queryExportRequestSchema.extend({ path: z.string().min(1) }),
    response: z.object({ path: z.string(), rows: z.int().min(0) }),
  },
} as const
export type QueryCalls = typeof queryCalls
export type QueryCall = keyof QueryCalls

/** From the query process. */
export const queryReportSchema = z.discriminatedUnion('ok', [
  z.object({ id: z.int(), ok: z.literal(true), value: z.unknown() }),
  z.object({ id: z.int(), ok: z.literal(false), error: wireErrorSchema }),
])
export type QueryReport = z.infer<typeof queryReportSchema>
