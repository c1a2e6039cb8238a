// Columns that server_risk.parquet gained after the first run folders were written, and what their absence means there.
import { z } from 'zod'
import type { ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { identifier, type Database } from '../../database/database.ts'

const nullOfType = (type: string): string => `CAST(NULL AS ${type})`
/** Nothing was counted; the figure beside it is NULL. */
const zeroCount = 'CAST(0 AS INTEGER)'

const missingColumnDefaults: Partial<Record<keyof ServerRiskRow, string>> = {
  trend_per_30_days: nullOfType('DOUBLE'),
  consolidate_onto: nullOfType('VARCHAR'),
  eoq_uplift_points: nullOfType('DOUBLE'),
  eoq_uplift_quarters: zeroCount,
  eoq_uplift_standard_error: nullOfType('DOUBLE'),
  holiday_uplift_points: nullOfType('DOUBLE'),
  holiday_uplift_days: zeroCount,
  holiday_uplift_standard_error: nullOfType('DOUBLE'),
  weekend_uplift_points: nullOfType('DOUBLE'),
  weekend_uplift_weeks: zeroCount,
  weekend_uplift_standard_error: nullOfType('DOUBLE'),
  weekly_strength: nullOfType('DOUBLE'),
  breaches_eoq: nullOfType('INTEGER'),
  breaches_month_end: nullOfType('INTEGER'),
  breaches_holiday: nullOfType('INTEGER'),
  breaches_ordinary: nullOfType('INTEGER'),
  breach_probability: nullOfType('DOUBLE'),
  breach_probability_raw: nullOfType('DOUBLE'),
  breach_probability_dates: nullOfType('TIMESTAMP[]'),
  breach_probability_by: nullOfType('DOUBLE[]'),
  expected_first_breach: nullOfType('TIMESTAMP'),
  conservative_p95: nullOfType('DOUBLE'),
  interval_margin: nullOfType('DOUBLE'),
  smape_percent: nullOfType('DOUBLE'),
  bias: nullOfType('DOUBLE'),
  interval_coverage: nullOfType('DOUBLE'),
  order_by: nullOfType('TIMESTAMP'),
  is_order_late: 'false',
  is_limiting: 'row_number() OVER (PARTITION BY server_id ORDER BY headroom_points NULLS LAST, metric) = 1',
}

/** A SELECT over the relation with every column of today's server_risk: those that an older version did not write are filled in. */
export const selectWithMissingColumns = async (database: Database, relation: string): Promise<string> => {
  const found = await database.rows(`DESCRIBE SELECT * FROM ${relation}`, z.object({ column_name: z.string() }))
  const present = new Set(found.map(({ column_name }) => column_name))
  const missing = Object.entries(missingColumnDefaults).filter(([name]) => !present.has(name))
  return `SELECT *${missing.map(([name, value]) => `, ${value} AS ${identifier(name)}`).join('')} FROM ${relation}`
}
