// A column of whole numbers that are to be true or false: 1 or 0, since the database takes every other number for true.
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { isIntegral, type ForecastColumn } from './forecast-columns.ts'
import { validationError, validationMessages } from './validation-rules.ts'

/** SQL for whether the number is neither. */
export const isNoTruthSql = (value: string): string => `${value} NOT IN (0, 1)`

/** Extremes of a file come from its footer. Throws input-column-type. */
export const assertTruth = async (
  database: Database,
  { column, type, sql }: ForecastColumn & { readonly sql: string },
  relation: string,
  datasetName: string,
): Promise<void> => {
  if (!isIntegral({ type })) return
  const { other } = await database.row(
    `SELECT CAST(CASE WHEN ${isNoTruthSql('least')} THEN least WHEN ${isNoTruthSql('greatest')} THEN greatest END AS VARCHAR) AS other
     FROM (SELECT min(${sql}) AS least, max(${sql}) AS greatest FROM ${relation})`,
    z.object({ other: z.string().nullable() }),
  )
  if (other === null) return
  throw validationError('input-column-type', validationMessages.noTruth(`Column ${column} of ${datasetName}`, `, for instance ${other}`))
}
