// Exports: the formats of a whole run as a report, and rows of a list under its filter.
import { z } from 'zod'
import { serversRequestSchema } from './fleet-view.ts'

/** Formats of a report about a whole run. */
export const reportFormats = ['html', 'pdf', 'xlsx', 'csv'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** Formats of the pack of a history. */
export const packFormats = ['pdf', 'pptx', 'html'] as const
export type PackFormat = (typeof packFormats)[number]

/** Tools that import a run's recommendations as tickets. */
export const ticketFormats = ['servicenow', 'jira'] as const
export type TicketFormat = (typeof ticketFormats)[number]

export const rowFormats = ['csv', 'parquet', 'json', 'xlsx'] as const
export const rowFormatSchema = z.enum(rowFormats)

/** `all`: every server of the run, whatever the filter. `servers` of the filter names the selected ones. */
export const exportRowsRequestSchema = serversRequestSchema.omit({ offset: true, limit: true }).extend({ format: rowFormatSchema })
export type ExportRowsRequest = z.infer<typeof exportRowsRequestSchema>

/** Where a file goes, and whether a CSV file begins with a byte order mark, which Excel needs. */
export const exportTargetShape = { path: z.string().min(1), hasByteOrderMark: z.boolean() }
export type ExportTarget = z.infer<z.ZodObject<typeof exportTargetShape>>

export const exportRowsCallSchema = exportRowsRequestSchema.extend(exportTargetShape)
export type ExportRowsCall = z.infer<typeof exportRowsCallSchema>

export const exportedRowsSchema = z.object({ path: z.string(), rows: z.int().min(0) })
