// Reads a run's tables as they are meant: columns of older runs renamed or added with what their absence means, names in CSV unescaped.
import { z } from 'zod'
import { unescapeFormulaSql } from '../../../src-shared/artefacts/cell-text.ts'
import { currentName, renamedNames } from '../../../src-shared/artefacts/renamed-names.ts'
import { pathMomentColumns, type ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { identifier, type Database } from '../../database/database.ts'

/** server_clusters.csv of a Headroom run, given as SQL text: a name of digits is text, and a name made harmless is itself again. */
export const clustersFileSql = (file: string): string =>
  `(SELECT * REPLACE (${unescapeFormulaSql('server_id')} AS server_id)
    FROM read_csv(${file}, header = true, delim = ',', quote = '"', escape = '"', types = {'server_id': 'VARCHAR'}))`

const nullOfType = (type: string): string => `CAST(NULL AS ${type})`
/** Nothing was counted; the figure that it belongs to is NULL. */
const zeroCount = 'CAST(0 AS INTEGER)'

const missingColumnDefaults: Partial<Record<keyof ServerRiskRow, string>> = {
  trend_per_30_days: nullOfType('DOUBLE'),
  trend_standard_error: nullOfType('DOUBLE'),
  exhaustion_at: nullOfType('TIMESTAMP'),
  exhaustion_earliest: nullOfType('TIMESTAMP'),
  exhaustion_latest: nullOfType('TIMESTAMP'),
  target_host: nullOfType('VARCHAR'),
  host_load_p50: nullOfType('DOUBLE'),
  host_load_p90: nullOfType('DOUBLE'),
  host_share_above_target: nullOfType('DOUBLE'),
  eoq_uplift_points: nullOfType('DOUBLE'),
  eoq_uplift_quarters: zeroCount,
  eoq_uplift_standard_error: nullOfType('DOUBLE'),
  eoq_uplift_low: nullOfType('DOUBLE'),
  eoq_uplift_high: nullOfType('DOUBLE'),
  holiday_uplift_points: nullOfType('DOUBLE'),
  holiday_uplift_days: zeroCount,
  holiday_uplift_standard_error: nullOfType('DOUBLE'),
  holiday_uplift_low: nullOfType('DOUBLE'),
  holiday_uplift_high: nullOfType('DOUBLE'),
  weekend_uplift_points: nullOfType('DOUBLE'),
  weekend_uplift_weeks: zeroCount,
  weekend_uplift_standard_error: nullOfType('DOUBLE'),
  weekend_uplift_low: nullOfType('DOUBLE'),
  weekend_uplift_high: nullOfType('DOUBLE'),
  weekly_strength: nullOfType('DOUBLE'),
  breaches_eoq: nullOfType('INTEGER'),
  breaches_month_end: nullOfType('INTEGER'),
  breaches_holiday: nullOfType('INTEGER'),
  breaches_ordinary: nullOfType('INTEGER'),
  at_risk_probability: nullOfType('DOUBLE'),
  at_risk_probability_raw: nullOfType('DOUBLE'),
  p95_median: nullOfType('DOUBLE'),
  p95_p10: nullOfType('DOUBLE'),
  p95_p90: nullOfType('DOUBLE'),
  very_high_probability: nullOfType('DOUBLE'),
  risk_basis: nullOfType('VARCHAR'),
  server_at_risk_probability: nullOfType('DOUBLE'),
  server_breach_probability: nullOfType('DOUBLE'),
  is_server_at_risk: 'bool_or(is_at_risk) OVER (PARTITION BY server_id)',
  server_risk_level: "['low', 'medium', 'high'][max(list_position(['low', 'medium', 'high'], risk_level)) OVER (PARTITION BY server_id)]",
  sizing_p95: nullOfType('DOUBLE'),
  percent_to_add: nullOfType('DOUBLE'),
  breaching_p95: nullOfType('DOUBLE'),
  first_breach_p20: nullOfType('TIMESTAMP'),
  at_risk_probability_by: nullOfType('DOUBLE[]'),
  breach_probability: nullOfType('DOUBLE'),
  breach_probability_raw: nullOfType('DOUBLE'),
  breach_probability_dates: nullOfType('TIMESTAMP[]'),
  breach_probability_by: nullOfType('DOUBLE[]'),
  expected_first_breach: nullOfType('TIMESTAMP'),
  path_source: nullOfType('VARCHAR'),
  conservative_p95: nullOfType('DOUBLE'),
  likely_p95: nullOfType('DOUBLE'),
  ...Object.fromEntries(pathMomentColumns.map((column) => [column, nullOfType('DOUBLE')])),
  interval_margin: nullOfType('DOUBLE'),
  interval_margin_early: nullOfType('DOUBLE'),
  interval_margin_middle: nullOfType('DOUBLE'),
  interval_margin_late: nullOfType('DOUBLE'),
  smape_percent: nullOfType('DOUBLE'),
  bias: nullOfType('DOUBLE'),
  interval_coverage: nullOfType('DOUBLE'),
  saturated_share: nullOfType('DOUBLE'),
  is_silent: 'false',
  order_by: nullOfType('TIMESTAMP'),
  is_order_late: 'false',
  capacity: nullOfType('DOUBLE'),
  capacity_unit: nullOfType('VARCHAR'),
  capacity_changes: zeroCount,
  capacity_changed_at: nullOfType('TIMESTAMP'),
  growth_per_day: nullOfType('DOUBLE'),
  full_at: nullOfType('TIMESTAMP'),
  full_earliest: nullOfType('TIMESTAMP'),
  full_latest: nullOfType('TIMESTAMP'),
  is_limiting: 'row_number() OVER (PARTITION BY server_id ORDER BY headroom_points NULLS LAST, metric) = 1',
  is_limiting_resource: 'is_limiting',
}

/** The renamed columns of an older run under today's names, for the end of a SELECT list. The old names stay: SQL saved with such a run uses them. */
export const renamedColumnsSql = (present: ReadonlySet<string>): string =>
  Object.entries(renamedNames)
    .filter(([name, oldName]) => present.has(oldName) && !present.has(name))
    .map(([name, oldName]) => `, ${identifier(oldName)} AS ${identifier(name)}`)
    .join('')

/** A SELECT over the relation with every column of today's server_risk: those that an older version did not write are filled in. */
export const selectUpgradedServerRisk = async (database: Database, relation: string): Promise<string> => {
  const found = await database.rows(`DESCRIBE SELECT * FROM ${relation}`, z.object({ column_name: z.string() }))
  const present = new Set(found.map(({ column_name }) => column_name))
  const known = new Set([...present].map(currentName))
  const missing = Object.entries(missingColumnDefaults).filter(([name]) => !known.has(name))
  const missingSql = missing.map(([name, value]) => `, ${value} AS ${identifier(name)}`).join('')
  return `SELECT *${renamedColumnsSql(present)}${missingSql} FROM ${relation}`
}
