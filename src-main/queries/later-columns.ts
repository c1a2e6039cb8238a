// Columns that server_risk.parquet gained after the first run folders were written, and what their absence means there.
import { z } from 'zod'
import type { ServerRiskRow } from '../../src-shared/server-risk.ts'
import { identifier, type Database } from '../database/database.ts'

const unknown = (type: string): string => `CAST(NULL AS ${type})`
/** Nothing was counted; the figure beside it is NULL. */
const none = 'CAST(0 AS INTEGER)'

const laterColumns: Partial<Record<keyof ServerRiskRow, string>> = {
  trend_per_30_days: unknown('DOUBLE'),
  consolidate_onto: unknown('VARCHAR'),
  eoq_uplift_points: unknown('DOUBLE'),
  eoq_uplift_quarters: none,
  eoq_uplift_standard_error: unknown('DOUBLE'),
  holiday_uplift_points: unknown('DOUBLE'),
  holiday_uplift_days: none,
  holiday_uplift_standard_error: unknown('DOUBLE'),
  weekend_uplift_points: unknown('DOUBLE'),
  weekend_uplift_weeks: none,
  weekend_uplift_standard_error: unknown('DOUBLE'),
  weekly_strength: unknown('DOUBLE'),
  breaches_eoq: unknown('INTEGER'),
  breaches_month_end: unknown('INTEGER'),
  breaches_holiday: unknown('INTEGER'),
  breaches_ordinary: unknown('INTEGER'),
  breach_probability: unknown('DOUBLE'),
  breach_probability_raw: unknown('DOUBLE'),
  breach_probability_dates: unknown('TIMESTAMP[]'),
  breach_probability_by: unknown('DOUBLE[]'),
  expected_first_breach: unknown('TIMESTAMP'),
  conservative_p95: unknown('DOUBLE'),
  interval_margin: unknown('DOUBLE'),
  smape_percent: unknown('DOUBLE'),
  bias: unknown('DOUBLE'),
  interval_coverage: unknown('DOUBLE'),
  order_by: unknown('TIMESTAMP'),
  is_order_late: 'false',
  is_limiting: 'row_number() OVER (PARTITION BY server_id ORDER BY headroom_points NULLS LAST, metric) = 1',
}

/** A SELECT over the relation with every column of today's server_risk: those that an older version did not write are filled in. */
export const withLaterColumns = async (database: Database, relation: string): Promise<string> => {
  const found = await database.rows(`DESCRIBE SELECT * FROM ${relation}`, z.object({ column_name: z.string() }))
  const present = new Set(found.map(({ column_name }) => column_name))
  const missing = Object.entries(laterColumns).filter(([name]) => !present.has(name))
  return `SELECT *${missing.map(([name, value]) => `, ${value} AS ${identifier(name)}`).join('')} FROM ${relation}`
}
