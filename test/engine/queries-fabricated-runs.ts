// Run folders made by hand, small enough to work every expected value out on paper.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Database, literal } from '../../src-main/database/database.ts'
import { completeConfig } from '../../src-shared/analysis-config.ts'
import { runFiles, type RunManifest } from '../../src-shared/run-manifest.ts'

const dayMs = 86_400_000

/** Four measured days up to 28 June 2026, then four days of forecast that reach into July. */
export const firstDayMs = Date.UTC(2026, 5, 25)
export const horizonStartMs = firstDayMs + 4 * dayMs
const dayText = (index: number): string => new Date(firstDayMs + index * dayMs).toISOString().slice(0, 10)

/** `null` measured: the model's value stands in. `null` forecast: nothing is known. */
const servers = {
  alpha: { measured: [10, 20, 30, null], fitted: [11, 21, 31, 35], forecast: [85, 95, 85, 85] },
  bravo: { measured: [40, 40, 40, 40], fitted: [41, 41, 41, 41], forecast: [50, 60, 70, null] },
  charlie: { measured: [5, 5, 5, 5], fitted: [6, 6, 6, 6], forecast: [82, 10, 10, 10] },
} as const

const sqlNumber = (value: number | null): string => (value === null ? `'NaN'::DOUBLE` : String(value))

/** Rows under the user's own column names; a second model shouts 99 everywhere and must never be heard. */
const forecastRows = (): string[] =>
  Object.entries(servers).flatMap(([host, { measured, fitted, forecast }]) => [
    ...measured.flatMap((actual, day) => [
      `('${host}', 'quiet', TIMESTAMP '${dayText(day)}', ${sqlNumber(actual)}, ${sqlNumber(fitted[day] ?? null)}, false, true, ${isQuarterEnd(day)}, false)`,
      `('${host}', 'loud', TIMESTAMP '${dayText(day)}', ${sqlNumber(actual)}, 99, false, false, ${isQuarterEnd(day)}, false)`,
    ]),
    ...forecast.flatMap((value, step) => [
      `('${host}', 'quiet', TIMESTAMP '${dayText(4 + step)}', 'NaN'::DOUBLE, ${sqlNumber(value)}, true, true, ${isQuarterEnd(4 + step)}, ${isHoliday(4 + step)})`,
      `('${host}', 'loud', TIMESTAMP '${dayText(4 + step)}', 'NaN'::DOUBLE, 99, true, false, ${isQuarterEnd(4 + step)}, ${isHoliday(4 + step)})`,
    ]),
  ])

/** 29 and 30 June; the last day, 2 July, plays the holiday. */
const isQuarterEnd = (day: number): boolean => day === 4 || day === 5
const isHoliday = (day: number): boolean => day === 7

const flaggedSql = `
  SELECT host, algo, ds, y, yhat, later AS is_future_row,
         yhat > 80 AS risk_flag, is_selected, is_eoq, is_holiday
  FROM (VALUES ${forecastRows().join(',\n')}) t(host, algo, ds, y, yhat, later, is_selected, is_eoq, is_holiday)`

interface Figures {
  readonly host: keyof typeof servers
  readonly p95: number
  readonly peak: number
  readonly mean: number
  readonly std: number
  readonly level: 'low' | 'medium' | 'high'
  readonly breachDay: number | null
  readonly overThreshold: number
  readonly cluster: number
  readonly idle: boolean
}

/** P95 by linear interpolation: 85 + 0.85 x 10, 60 + 0.9 x 10, 10 + 0.85 x 72. */
const figures: readonly Figures[] = [
  { host: 'alpha', p95: 93.5, peak: 95, mean: 87.5, std: 5, level: 'high', breachDay: 4, overThreshold: 4, cluster: 2, idle: false },
  { host: 'bravo', p95: 69, peak: 70, mean: 60, std: 10, level: 'low', breachDay: null, overThreshold: 0, cluster: 0, idle: false },
  { host: 'charlie', p95: 71.2, peak: 82, mean: 28, std: 36, level: 'low', breachDay: 4, overThreshold: 1, cluster: 1, idle: true },
]

const riskRow = (row: Figures): string => {
  const periods = servers[row.host].forecast.filter((value) => value !== null).length
  const breach = row.breachDay === null ? 'NULL' : `TIMESTAMP '${dayText(row.breachDay)}'`
  return `('${row.host}', 'cpu_p95', 'quiet', 'Retail', NULL, 'gold', 120.0, 4.0, 30.0,
    TIMESTAMP '${dayText(3)}', TIMESTAMP '${dayText(4)}', TIMESTAMP '${dayText(3 + periods)}', ${periods},
    ${row.p95}, ${row.peak}, ${row.mean}, ${row.std}, 80.0, 90.0, '${row.level}', ${row.p95 > 80}, ${80 - row.p95},
    ${breach}, ${row.breachDay === null ? 'NULL' : '1.0'}, ${row.overThreshold}, ${row.overThreshold}, 0.0, NULL, ${row.idle},
    ${row.cluster}, 'group ${row.cluster}', NULL, 14, 1.5, 0.5, 'keep', NULL)`
}

const riskColumns = `server_id, metric, model, business_unit, region, criticality, monthly_cost_usd, capacity_units, lead_time_days,
  last_measured_at, horizon_start, horizon_end, horizon_periods, horizon_p95, horizon_peak, horizon_mean, horizon_std,
  high_threshold, very_high_threshold, risk_level, is_at_risk, headroom_points, first_breach_at, days_to_breach, periods_over,
  longest_breach_run, units_to_add, seasonal_peak_risk, is_underutilized, cluster, cluster_name, trend_per_30_days,
  backtest_points, mae, mase, disposition, consolidate_onto`

/** No probabilities were asked for. */
const breachColumns = `NULL::DOUBLE AS breach_probability, NULL::DOUBLE AS breach_probability_raw, NULL::TIMESTAMP[] AS breach_probability_dates,
  NULL::DOUBLE[] AS breach_probability_by, NULL::TIMESTAMP AS expected_first_breach, NULL::DOUBLE AS conservative_p95,
  NULL::DOUBLE AS interval_margin, NULL::DOUBLE AS smape_percent, NULL::DOUBLE AS bias, NULL::DOUBLE AS interval_coverage,
  NULL::TIMESTAMP AS order_by, false AS is_order_late, true AS is_limiting`

/** Four days make no season. */
const seasonColumns = `NULL::DOUBLE AS eoq_uplift_points, 0 AS eoq_uplift_quarters, NULL::DOUBLE AS eoq_uplift_standard_error,
  NULL::DOUBLE AS holiday_uplift_points, 0 AS holiday_uplift_days, NULL::DOUBLE AS holiday_uplift_standard_error,
  NULL::DOUBLE AS weekend_uplift_points, 0 AS weekend_uplift_weeks, NULL::DOUBLE AS weekend_uplift_standard_error,
  NULL::DOUBLE AS weekly_strength, 0 AS breaches_eoq, 0 AS breaches_month_end, 0 AS breaches_holiday, 0 AS breaches_ordinary`

const manifest: RunManifest = {
  format_version: 1,
  run_id: 'hand-made',
  engine_version: '0.1.0',
  method: 'headroom',
  config: completeConfig({}, 'headroom'),
  forced_model: null,
  analyzed_at: '2026-06-28T06:00:00.000Z',
  inputs: [{ path: '/somewhere/fleet.parquet', bytes: 1, rows: 48 }],
  servers_table: null,
  events_table: null,
  schema: [],
  mapped_columns: [
    { role: 'server_id', column: 'host', type: 'VARCHAR' },
    { role: 'model', column: 'algo', type: 'VARCHAR' },
    { role: 'timestamp', column: 'ds', type: 'TIMESTAMP' },
    { role: 'actual', column: 'y', type: 'DOUBLE' },
    { role: 'predicted', column: 'yhat', type: 'DOUBLE' },
    { role: 'is_future', column: 'is_future_row', type: 'BOOLEAN' },
  ],
  granularity: 'daily',
  step_seconds: 86_400,
  horizon: { start: dayText(4), end: dayText(7), periods: 4 },
  extent: null,
  metrics: ['cpu_p95'],
  models: ['loud', 'quiet'],
  counts: { rows: 48, total_servers: 3, at_risk_servers: 1, underutilized_servers: 1, series: 3, models: 2 },
  warnings: [{ code: 'short-backtest', message: 'Three servers have fewer than 14 backtest points.', count: 3 }],
  timings: [],
  peak_memory_bytes: 1,
  host: { platform: 'linux', arch: 'x64', node: '20', duckdb: '1.5', threads: 2 },
  files: [],
}

/** A run of Headroom whose input named its columns its own way. `change` edits the manifest before it is written. */
export const fabricateRun = async (
  folder: string,
  change: (manifest: RunManifest) => unknown = (unchanged) => unchanged,
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  await write(folder, runFiles.flaggedForecasts, flaggedSql)
  await write(
    folder,
    runFiles.serverRisk,
    `SELECT *, ${seasonColumns}, ${breachColumns} FROM (VALUES ${figures.map(riskRow).join(', ')}) t(${riskColumns})`,
  )
  await writeFile(
    join(folder, runFiles.summary),
    JSON.stringify({
      analyzed_at: manifest.analyzed_at,
      total_servers: 3,
      at_risk_servers: 1,
      underutilized_servers: 1,
      optimization_savings_usd: 120,
    }),
  )
  await writeFile(join(folder, runFiles.recommendations), JSON.stringify({ total_savings_usd: 120, recommendations: [] }))
  await writeFile(join(folder, runFiles.manifest), JSON.stringify(change(manifest)))
}

/** What the Python job left: canonical names, flags as whole numbers, no manifest, no server risk, totals in rows. */
export const fabricatePythonRun = async (folder: string, parts: { readonly clusters: boolean }): Promise<void> => {
  await mkdir(folder, { recursive: true })
  await write(
    folder,
    runFiles.flaggedForecasts,
    `SELECT host AS server_id, algo AS model, ds AS timestamp, y AS actual, yhat AS predicted, is_future_row AS is_future,
            CAST(yhat > 80 AS INTEGER) AS risk_flag, CASE WHEN yhat > 96 THEN 'high' ELSE 'low' END AS risk_level,
            CAST(month(ds) AS INTEGER) AS month, CAST(is_eoq AS INTEGER) AS is_eoq, CAST(is_holiday AS INTEGER) AS is_holiday,
            CAST(host = 'charlie' AS INTEGER) AS is_underutilized
     FROM (${flaggedSql})`,
  )
  await writeFile(
    join(folder, runFiles.summary),
    JSON.stringify({ total_servers: 3, at_risk_servers: 29, underutilized_servers: 16, optimization_savings_usd: 50 }),
  )
  if (parts.clusters) {
    await writeFile(join(folder, runFiles.clusters), 'server_id,cluster\nalpha,1\nbravo,0\ncharlie,0\n')
  }
}

const write = async (folder: string, name: string, sql: string): Promise<void> => {
  const database = await Database.open({ threads: 2 })
  try {
    await database.run(`COPY (${sql}) TO ${literal(join(folder, name))} (FORMAT parquet)`)
  } finally {
    database.close()
  }
}
