// From the last day of a quarter to the end-of-quarter window, in rows and in servers that have a seasonal peak.
import { z } from 'zod'
import { eoqMonthsOf, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { monthNames } from '../../../src-shared/chart-options/format.ts'
import type { ReconciliationChain, ReconciliationStep } from '../../../src-shared/ipc/reconciliation.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Database } from '../../database/database.ts'
import { createChain, decimalText, readExamples, servers, countTransition, type StepText } from './chain-steps.ts'
import { isLastOfMonthSql } from './tally-run.ts'

/** Reads `forecast`, `tallies`, `mixed_horizon` and `server_risk`. */
export const reconcileSeason = async (database: Database, config: AnalysisConfig, zone: TimeZone): Promise<ReconciliationChain[]> => [
  await reconcileQuarterEnds(database, config, zone),
  await reconcileSeasonalPeaks(database, config),
]

const reconcileQuarterEnds = async (database: Database, config: AnalysisConfig, zone: TimeZone): Promise<ReconciliationChain> => {
  const months = eoqMonthsOf(config)
  await database.run(`
    CREATE OR REPLACE TABLE quarter_days AS
    SELECT CAST(${zone.localSql('f.ts')} AS DATE) AS day, count(*) AS row_count, bool_or(f.is_eoq) AS in_window,
           month(day) IN (3, 6, 9, 12) AND ${isLastOfMonthSql('day')} AS module05_end,
           month(day) IN (${months.join(', ')}) AND ${isLastOfMonthSql('day')} AS configured_end
    FROM forecast f GROUP BY day`)
  const steps = [
    await dayStep(database, 'module05_end', 'configured_end', {
      key: 'months',
      title: 'configured quarters',
      sentence: `Module 05's quarters always end in March, June, September and December; here they end in ${months.map((month) => monthNames[month - 1]).join(', ')}.`,
    }),
    await dayStep(database, 'configured_end', 'in_window', {
      key: 'window',
      title: 'a window, not one day',
      sentence: `Module 05 marks only the last day; here the last ${config.eoq_window_days === 1 ? 'day' : `${config.eoq_window_days} days`} of a quarter count as its end.`,
    }),
  ]
  return createChain('eoq_rows', 'Rows at quarter end', steps, { value: 0, unit: 'rows' })
}

const dayStep = async (database: Database, from: string, to: string, text: StepText): Promise<ReconciliationStep> => {
  const rowSumSql = (condition: string): string => `CAST(coalesce(sum(row_count) FILTER (${condition}), 0) AS DOUBLE)`
  const counts = await database.row(
    `SELECT ${rowSumSql(from)} AS before, ${rowSumSql(to)} AS after, ${rowSumSql(`${to} AND NOT ${from}`)} AS entered, ${rowSumSql(`${from} AND NOT ${to}`)} AS "left" FROM quarter_days`,
    z.object({ before: z.number(), after: z.number(), entered: z.number(), left: z.number() }),
  )
  return {
    ...text,
    before: { value: counts.before, unit: 'rows' },
    after: { value: counts.after, unit: 'rows' },
    moved: { entered: counts.entered, left: counts.left, unit: 'rows' },
    examples: await readExamples(
      database,
      `SELECT CAST(day AS VARCHAR) AS subject, CASE WHEN ${to} THEN 'entered' ELSE 'left' END AS change,
              row_count || CASE WHEN row_count = 1 THEN ' row' ELSE ' rows' END AS detail
       FROM quarter_days WHERE ${from} <> ${to} ORDER BY day`,
    ),
  }
}

const reconcileSeasonalPeaks = async (database: Database, config: AnalysisConfig): Promise<ReconciliationChain> => {
  const table = 'seasonal_stages'
  await database.run(`
    CREATE OR REPLACE TABLE ${table} AS
    SELECT r.server_id, coalesce(bool_or(m.seasonal_peak_risk IS NOT NULL), false) AS module05_peak,
           coalesce(bool_or(t.any_peak IS NOT NULL), false) AS window_peak, bool_or(r.seasonal_peak_risk IS NOT NULL) AS selected_peak,
           max(m.seasonal_peak_risk) AS module05_value, max(t.any_peak) AS window_value, max(r.seasonal_peak_risk) AS selected_value
    FROM server_risk r
    JOIN series s USING (server_id, metric)
    LEFT JOIN mixed_horizon m USING (series_id)
    LEFT JOIN (SELECT server_id, metric, max(seasonal_peak) AS any_peak FROM tallies GROUP BY ALL) t USING (server_id, metric)
    GROUP BY r.server_id`)
  const steps = [
    await countTransition(database, {
      table,
      key: 'window',
      title: 'a window, not one day',
      sentence: `Module 05 looks for a peak on a quarter's last day or a holiday; here anywhere in the last ${config.eoq_window_days} days of a configured quarter, or on a holiday.`,
      from: 'module05_peak',
      to: 'window_peak',
      detail: `'peak ' || ${decimalText('window_value')} || ' in the window'`,
      weight: 'window_value',
    }),
    await countTransition(database, {
      table,
      key: 'selected_model',
      title: 'one selected model',
      sentence: 'Module 05 takes the highest of all models; here the peak is that of the selected model.',
      from: 'window_peak',
      to: 'selected_peak',
      detail: `'another model peaks at ' || ${decimalText('window_value')}`,
      weight: 'window_value',
    }),
  ]
  return createChain('seasonal_peaks', 'Servers with a seasonal peak', steps, servers(0))
}
