// From rows of servers that are idle by the mean of all models to servers that are underutilised by their selected model.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ReconciliationChain } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'
import { createChain, decimalText, hasSilentServers, rowsToServers, servers, countTransition } from './chain-steps.ts'

/** Reads `tallies`, `mixed_horizon` and `server_risk`. `module05Threshold`: percent below which Module 05 calls a server idle. */
export const reconcileUnderutilized = async (
  database: Database,
  config: AnalysisConfig,
  module05Threshold: number,
): Promise<ReconciliationChain> => {
  const table = 'idle_stages'
  const runThreshold = config.underutilized_threshold
  const isBelowSql = (mean: string, threshold: number): string =>
    `coalesce(bool_and(${mean} IS NOT NULL AND ${mean} < ${threshold}), false)`
  await database.run(`
    CREATE OR REPLACE TABLE ${table} AS
    SELECT r.server_id, any_value(t.row_count) AS row_count,
           ${isBelowSql('m.horizon_mean', module05Threshold)} AS module05_idle, ${isBelowSql('m.horizon_mean', runThreshold)} AS threshold_idle,
           ${isBelowSql('r.horizon_mean', runThreshold)} AS selected_idle, bool_or(r.is_underutilized) AS run_idle,
           bool_or(r.is_underutilized) OR (${isBelowSql('r.horizon_mean', runThreshold)} AND bool_or(r.is_silent)) AS percent_idle,
           max(m.horizon_mean) AS mixed_mean, max(r.horizon_mean) AS selected_mean, arg_max(r.model, r.horizon_mean) AS model,
           any_value(x.metrics) AS excluded_metrics
    FROM server_risk r
    JOIN series s USING (server_id, metric)
    LEFT JOIN mixed_horizon m USING (series_id)
    LEFT JOIN (SELECT server_id, CAST(sum(row_count) AS BIGINT) AS row_count FROM tallies GROUP BY server_id) t USING (server_id)
    -- Of few servers: DuckDB holds what it joins in memory, whatever its limit.
    LEFT JOIN (SELECT server_id, string_agg(metric, ', ' ORDER BY metric) AS metrics FROM server_risk WHERE high_threshold IS NULL GROUP BY server_id) x
      USING (server_id)
    GROUP BY r.server_id`)
  const steps = [
    await rowsToServers(database, {
      table,
      key: 'servers',
      title: 'servers, not rows',
      sentence: 'Module 05 counts every row of an underutilised server; here a server counts once.',
      stage: 'module05_idle',
      rows: 'row_count',
      detail: `row_count || CASE WHEN row_count = 1 THEN ' row' ELSE ' rows' END`,
    }),
    await countTransition(database, {
      table,
      key: 'threshold',
      title: 'configured threshold',
      sentence:
        runThreshold === module05Threshold
          ? `Both call a server underutilised below a mean of ${runThreshold} %.`
          : `Module 05 calls a server underutilised below a mean of ${module05Threshold} %; here the threshold is ${runThreshold} %.`,
      from: 'module05_idle',
      to: 'threshold_idle',
      detail: `'mean of all models ' || ${decimalText('mixed_mean')}`,
      weight: 'mixed_mean',
    }),
    await countTransition(database, {
      table,
      key: 'selected_model',
      title: 'one selected model',
      sentence: "Module 05 takes the mean of all models' future; here the mean of the selected model.",
      from: 'threshold_idle',
      to: 'selected_idle',
      detail: `'mean of all models ' || ${decimalText('mixed_mean')} || ', ' || coalesce(model || ' ' || ${decimalText('selected_mean')}, 'no model is selected')`,
      weight: 'abs(mixed_mean - selected_mean)',
    }),
    await countTransition(database, {
      table,
      key: 'judged_metrics',
      title: 'percentages only',
      sentence: 'Module 05 compares every metric with the threshold; here only metrics in percent count.',
      from: 'selected_idle',
      to: 'percent_idle',
      detail: `coalesce(excluded_metrics, 'a metric') || ' is no percentage'`,
      weight: 'selected_mean',
    }),
  ]
  if (await hasSilentServers(database)) {
    steps.push(
      await countTransition(database, {
        table,
        key: 'silent',
        title: 'measured lately',
        sentence: 'Module 05 counts every server; here a server that has gone silent is not judged.',
        from: 'percent_idle',
        to: 'run_idle',
        detail: `'mean ' || ${decimalText('selected_mean')} || ', no recent measurement'`,
        weight: 'selected_mean',
      }),
    )
  }
  return createChain('underutilized', 'Underutilised', steps, servers(0))
}
