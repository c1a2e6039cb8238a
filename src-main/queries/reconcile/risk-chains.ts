// From rows above 80 % (or 96 %) of any model to servers whose P95 is above their threshold.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ReconciliationChain } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'
import { module05Thresholds } from '../../engine/methods/module05.ts'
import { createChain, decimalText, hasSilentServers, rowsToServers, servers, countTransition } from './chain-steps.ts'

interface RiskKind {
  readonly key: string
  readonly title: string
  /** Module 05's threshold in percent. */
  readonly module05Limit: number
  readonly limitKey: 'high' | 'very_high'
  /** SQL over `server_risk`: this run's verdict on a series, and on its server. */
  readonly seriesVerdict: string
  readonly serverVerdict: string
  /** Column with the probability that decides on the basis `probable`. */
  readonly probability: 'at_risk_probability' | 'very_high_probability'
}

const kinds: readonly RiskKind[] = [
  {
    key: 'at_risk',
    title: 'At risk',
    module05Limit: module05Thresholds.high,
    limitKey: 'high',
    seriesVerdict: 'is_at_risk',
    serverVerdict: 'is_server_at_risk',
    probability: 'at_risk_probability',
  },
  {
    key: 'high_level',
    title: 'Risk level high',
    module05Limit: module05Thresholds.very_high,
    limitKey: 'very_high',
    seriesVerdict: `coalesce(risk_level = 'high', false)`,
    serverVerdict: `coalesce(server_risk_level = 'high', false)`,
    probability: 'very_high_probability',
  },
]

/** Reads `tallies` and `server_risk`. */
export const reconcileRisk = async (database: Database, config: AnalysisConfig): Promise<ReconciliationChain[]> => {
  const chains: ReconciliationChain[] = []
  for (const kind of kinds) chains.push(await reconcileKind(database, config, kind))
  return chains
}

const reconcileKind = async (database: Database, config: AnalysisConfig, kind: RiskKind): Promise<ReconciliationChain> => {
  const { key, title, module05Limit, limitKey } = kind
  const table = `${key}_stages`
  await database.run(stagesQuery(table, kind))
  const configured = limitKey === 'high' ? config.high_risk_threshold : config.very_high_risk_threshold
  const overrides =
    Object.keys(config.metric_thresholds).length + Object.keys(config.criticality_thresholds).length === 0 ? '' : ', with overrides'
  const stage = { table, weight: 'abs(highest_peak - limit_value)' }
  const steps = [
    await rowsToServers(database, {
      table,
      key: 'servers',
      title: 'servers, not rows',
      sentence: `Module 05 counts every row above ${module05Limit} % and calls them servers; here a server counts once, however many of its rows are high.`,
      stage: 'any_row',
      rows: 'module05_rows',
      detail: `module05_rows || ' of ' || row_count || CASE WHEN row_count = 1 THEN ' row' ELSE ' rows' END`,
    }),
    await countTransition(database, {
      ...stage,
      key: 'selected_model',
      title: 'one selected model',
      sentence: 'Module 05 mixes all models, so one extreme forecast suffices; here only the model with the lowest backtest error counts.',
      from: 'any_row',
      to: 'selected_row',
      detail: `highest_model || ' reaches ' || ${decimalText('highest_peak')} || ', ' || coalesce('the selected ' || selected_model || ' ' || ${decimalText('selected_peak')}, 'no model is selected')`,
    }),
    await countTransition(database, {
      ...stage,
      key: 'judged_metrics',
      title: 'percentages only',
      sentence: 'Module 05 compares every metric with a percentage; Headroom evaluates only metrics in percent or with a custom threshold.',
      from: 'selected_row',
      to: 'percent_row',
      detail: `coalesce(excluded_metrics, 'a metric') || ' is no percentage'`,
    }),
    await countTransition(database, {
      ...stage,
      key: 'threshold',
      title: 'configured threshold',
      sentence: `Module 05 always uses a threshold of ${module05Limit} %; here it is the configured one (${configured} %${overrides}).`,
      from: 'percent_row',
      to: 'configured_row',
      detail: `'highest ' || ${decimalText('percent_peak')} || ', limit ' || ${decimalText('limit_value')}`,
    }),
    await countTransition(database, {
      ...stage,
      key: 'horizon',
      title: 'the future only',
      sentence: 'Module 05 also counts forecasts of past days; here only the horizon counts.',
      from: 'configured_row',
      to: 'horizon_row',
      detail: `'forecast up to ' || ${decimalText('backtest_peak')} || ' for the past, ' || ${decimalText('horizon_peak')} || ' for the future'`,
    }),
    await countTransition(database, {
      ...stage,
      key: 'p95',
      title: 'P95, not any moment',
      sentence: 'For Module 05 one row above the limit is enough; here the 95th percentile of the horizon must be above it.',
      from: 'horizon_row',
      to: 'p95_above',
      detail: `'peak ' || ${decimalText('horizon_peak')} || ', P95 ' || ${decimalText('horizon_p95')} || ', limit ' || ${decimalText('limit_value')}`,
    }),
  ]
  if (await hasSilentServers(database)) {
    steps.push(
      await countTransition(database, {
        ...stage,
        key: 'silent',
        title: 'measured lately',
        sentence: 'Module 05 counts every server; here a server that has gone silent is never at risk.',
        from: 'p95_above',
        to: 'measured_above',
        detail: `'P95 ' || ${decimalText('horizon_p95')} || ', no recent measurement'`,
      }),
    )
  }
  if (config.basis === 'probable') {
    steps.push(
      await countTransition(database, {
        ...stage,
        key: 'basis',
        title: 'what comes, not the forecast',
        sentence:
          'A forecast holds no errors, so its P95 lies too low. This run asks how probable it is that the P95 of what comes lies above the limit: above 50 % counts.',
        from: 'measured_above',
        to: 'series_verdict',
        detail: `'P95 ' || ${decimalText('horizon_p95')} || ', probability ' || coalesce(printf('%.0f %%', 100 * probability), 'not known')`,
      }),
      await countTransition(database, {
        ...stage,
        key: 'joint',
        title: 'all metrics of a server',
        sentence: 'Module 05 looks at each row by itself; here the joint probability over the metrics of a server counts too.',
        from: 'series_verdict',
        to: 'server_verdict',
        detail: `'no metric above 50 %, at most ' || coalesce(printf('%.0f %%', 100 * probability), 'not known')`,
      }),
    )
  }
  if (config.basis === 'conservative') {
    steps.push(
      await countTransition(database, {
        ...stage,
        key: 'basis',
        title: 'conservative basis',
        sentence: 'Module 05 uses the forecast itself; this run uses a P95 that 95 of 100 simulated futures stay below.',
        from: 'measured_above',
        to: 'server_verdict',
        detail: `'P95 ' || ${decimalText('horizon_p95')} || ', conservative ' || ${decimalText('conservative_p95')}`,
      }),
    )
  }
  return createChain(key, title, steps, servers(0))
}

/** A row per server: one column per stage, and the figures that examples show, those of the metric nearest to or furthest above its limit. */
const stagesQuery = (table: string, { limitKey, seriesVerdict, serverVerdict, probability }: RiskKind): string => {
  const limit = `${limitKey}_threshold`
  const anyRowSql = (rows: string, filter: string): string => `coalesce(bool_or(${rows} > 0) FILTER (${filter}), false)`
  const selectedWithThreshold = 'is_selected AND high_threshold IS NOT NULL'
  return `
    CREATE OR REPLACE TABLE ${table} AS
    WITH rows AS (
      SELECT server_id, CAST(sum(row_count) AS BIGINT) AS row_count, CAST(sum(over_module05_${limitKey}) AS BIGINT) AS module05_rows,
             ${anyRowSql(`over_module05_${limitKey}`, 'true')} AS any_row,
             ${anyRowSql(`over_module05_${limitKey}`, 'is_selected')} AS selected_row,
             ${anyRowSql(`over_module05_${limitKey}`, selectedWithThreshold)} AS percent_row,
             ${anyRowSql(`over_${limitKey}`, selectedWithThreshold)} AS configured_row,
             ${anyRowSql(`horizon_over_${limitKey}`, selectedWithThreshold)} AS horizon_row,
             arg_max(model, (peak, model)) FILTER (peak IS NOT NULL) AS highest_model, max(peak) AS highest_peak,
             arg_max(model, (peak, model)) FILTER (is_selected AND peak IS NOT NULL) AS selected_model, max(peak) FILTER (is_selected) AS selected_peak,
             string_agg(DISTINCT metric, ', ' ORDER BY metric) FILTER (is_selected AND high_threshold IS NULL AND over_module05_${limitKey} > 0) AS excluded_metrics,
             arg_max(peak, peak - ${limit}) FILTER (${selectedWithThreshold}) AS percent_peak,
             arg_max(backtest_peak, backtest_peak - ${limit}) FILTER (${selectedWithThreshold}) AS backtest_peak,
             arg_max(horizon_peak, horizon_peak - ${limit}) FILTER (${selectedWithThreshold}) AS horizon_peak,
             arg_max(${limit}, peak - ${limit}) FILTER (${selectedWithThreshold}) AS limit_value
      FROM tallies GROUP BY server_id
    ), risk AS (
      SELECT server_id, coalesce(bool_or(horizon_p95 > ${limit}), false) AS p95_above,
             coalesce(bool_or(horizon_p95 > ${limit} AND NOT is_silent), false) AS measured_above, bool_or(${seriesVerdict}) AS series_verdict,
             bool_or(${serverVerdict}) AS server_verdict, max(${probability}) AS probability,
             arg_max(horizon_p95, horizon_p95 - ${limit}) AS horizon_p95,
             arg_max(coalesce(conservative_p95, horizon_p95), horizon_p95 - ${limit}) AS conservative_p95
      FROM server_risk GROUP BY server_id
    )
    SELECT * FROM rows JOIN risk USING (server_id)`
}
