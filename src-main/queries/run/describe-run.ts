// The overview of a run: title, span, key figures, warnings and missing parts.
import { statedClustersSchema } from '../../../src-shared/artefacts/clusters.ts'
import { posix } from 'node:path'
import { z } from 'zod'
import { certainProbability } from '../../../src-shared/artefacts/likelihood.ts'
import { hasThreshold, isJudgedMetric, module05FolderConfig } from '../../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, type Granularity } from '../../../src-shared/run/run-manifest.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import type { Database } from '../../database/database.ts'
import type { RunContents } from './run-contents.ts'
import { breachAtSql, urgencyTieSql } from './urgency-order.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const count = z.bigint().transform(Number)
const milliseconds = z.number().nullable()

const countsSchema = z.object({
  servers: count,
  at_risk: count,
  at_risk_by_several: count,
  at_risk_by_none: count,
  certain: count,
  underutilized: count,
  series: count,
  horizon_start: milliseconds,
  horizon_end: milliseconds,
  horizon_periods: z.number().nullable(),
  last_measured: milliseconds,
})

/** Distinct servers; the horizon is the commonest start and the last end. */
const countsSql = `
  WITH by_server AS (
    SELECT bool_or(is_server_at_risk) AS at_risk, count(*) FILTER (is_at_risk) AS metrics_at_risk,
           bool_or(at_risk_probability >= ${certainProbability} AND NOT is_silent) AS certain, bool_or(is_underutilized) AS underutilized
    FROM server_risk GROUP BY server_id
  ), servers AS (
    SELECT count(*) AS servers, count(*) FILTER (at_risk) AS at_risk, count(*) FILTER (metrics_at_risk > 1) AS at_risk_by_several,
           count(*) FILTER (at_risk AND metrics_at_risk = 0) AS at_risk_by_none, count(*) FILTER (certain) AS certain,
           count(*) FILTER (underutilized) AS underutilized
    FROM by_server
  ), series AS (
    SELECT count(*) AS series,
           CAST(epoch_ms(mode(horizon_start)) AS DOUBLE) AS horizon_start,
           CAST(epoch_ms(max(horizon_end)) AS DOUBLE) AS horizon_end,
           CAST(max(horizon_periods) AS DOUBLE) AS horizon_periods,
           CAST(epoch_ms(max(last_measured_at)) AS DOUBLE) AS last_measured
    FROM server_risk
  )
  SELECT * FROM servers, series`

/** The server that breaches first, of its metrics the one that does, and how many servers breach at that time. */
const breachSql = `
  WITH soonest AS (
    SELECT *, ${breachAtSql} AS breach_at FROM server_risk
    WHERE is_at_risk AND ${breachAtSql} = (SELECT min(${breachAtSql}) FROM server_risk WHERE is_at_risk)
  ), needs AS (
    SELECT server_id, max(units_to_add) AS most_units, max(percent_to_add) AS most_percent
    FROM server_risk SEMI JOIN soonest USING (server_id) GROUP BY server_id
  )
  SELECT server_id, metric, CAST(epoch_ms(breach_at) AS DOUBLE) AS at_ms, CAST(days_to_breach AS DOUBLE) AS days, first_breach_at IS NULL AS is_expected,
         (SELECT count(*) FROM needs) AS servers
  FROM soonest JOIN needs USING (server_id)
  ORDER BY ${urgencyTieSql('most_units', 'most_percent')}, horizon_p95 DESC, metric LIMIT 1`

const breachSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  at_ms: z.number(),
  days: z.number().nullable(),
  is_expected: z.boolean(),
  servers: count,
})

/** Absent in runs of older versions, and null without probabilities. */
export const atRiskRangeSchema = z
  .object({ at_risk_expected: z.number(), at_risk_low: z.number(), at_risk_high: z.number() })
  .transform((summary) => ({ expected: summary.at_risk_expected, low: summary.at_risk_low, high: summary.at_risk_high }))

const extentSql = `
  SELECT CAST(epoch_ms(min(ts)) AS DOUBLE) AS first, CAST(epoch_ms(max(ts)) AS DOUBLE) AS last FROM flagged WHERE is_selected`

/** The commonest step between neighbouring times of the first few series. */
const stepSql = `
  WITH first_series AS (SELECT server_id, metric FROM server_risk ORDER BY server_id, metric LIMIT 20),
  steps AS (
    SELECT epoch_ms(ts) - epoch_ms(lag(ts) OVER (PARTITION BY server_id, metric ORDER BY ts)) AS step
    FROM flagged SEMI JOIN first_series USING (server_id, metric) WHERE is_selected)
  SELECT CAST(mode(step) AS DOUBLE) AS step FROM steps WHERE step > 0`

const metricsSql = `
  SELECT metric, count(DISTINCT server_id) FILTER (is_at_risk) AS at_risk,
    CASE WHEN min(high_threshold) = max(high_threshold) THEN min(high_threshold) END AS threshold FROM server_risk GROUP BY metric ORDER BY metric`
const modelsSql = `SELECT DISTINCT model FROM server_risk WHERE model IS NOT NULL ORDER BY model`

export const describeRun = async (database: Database, contents: RunContents): Promise<RunOverview> => {
  const { manifest } = contents
  const counts = await database.row(countsSql, countsSchema)
  const breach = (await database.rows(breachSql, breachSchema))[0]
  const extent = await findExtent(database, contents)
  const config = manifest?.config ?? module05FolderConfig()
  const metricRows = await database.rows(metricsSql, z.object({ metric: z.string(), at_risk: count, threshold: z.number().nullable() }))
  const metrics = [
    ...metricRows.filter(({ metric }) => metric === config.target_metric),
    ...metricRows.filter(({ metric }) => metric !== config.target_metric),
  ].map(({ metric, at_risk: atRisk, threshold }) => ({
    name: metric,
    unit: hasThreshold(config, metric) && !(metric in config.metric_thresholds) ? '%' : '',
    isJudged: manifest === null || isJudgedMetric(config, manifest.method, metric),
    threshold,
    atRisk,
  }))
  const models = await database.rows(modelsSql, z.object({ model: z.string() }))
  const stepMs = manifest === null ? await findStep(database) : manifest.step_seconds * 1000
  return {
    folder: contents.folder,
    kind: contents.kind,
    title: createRunTitle(manifest?.inputs.map(({ path }) => path) ?? [], contents.folder),
    analyzedAt: manifest?.analyzed_at ?? contents.summary?.analyzed_at ?? null,
    method: manifest?.method ?? null,
    granularity: manifest?.granularity ?? granularityForStep(stepMs),
    stepMs,
    timeZone: manifest?.time_zone ?? 'UTC',
    metrics,
    models: models.map(({ model }) => model),
    extent: { startMs: extent.firstMs, endMs: extent.lastMs + stepMs },
    horizon:
      counts.horizon_start === null || counts.horizon_end === null
        ? null
        : {
            startMs: counts.horizon_start,
            endMs: counts.horizon_end + stepMs,
            periods: counts.horizon_periods ?? 0,
          },
    lastMeasuredMs: counts.last_measured,
    counts: {
      servers: counts.servers,
      atRisk: counts.at_risk,
      atRiskBySeveral: counts.at_risk_by_several,
      atRiskByNone: counts.at_risk_by_none,
      certain: counts.certain,
      underutilized: counts.underutilized,
      series: counts.series,
    },
    basis: manifest === null ? null : config.basis,
    atRiskRange: atRiskRangeSchema.safeParse(contents.summary).data ?? null,
    soonestBreach:
      breach === undefined
        ? null
        : {
            serverId: breach.server_id,
            metric: breach.metric,
            atMs: breach.at_ms,
            days: breach.days,
            isExpected: breach.is_expected,
            servers: breach.servers,
          },
    savingsMonthlyUsd: contents.recommendationTotals?.total_savings_usd ?? contents.summary?.optimization_savings_usd ?? null,
    underutilizedThreshold: manifest === null ? null : config.underutilized_threshold,
    clusterStability: statedClustersSchema.safeParse(contents.summary).data?.clustering.stability ?? null,
    module05Totals:
      contents.kind === 'headroom' || contents.summary === null
        ? null
        : {
            servers: contents.summary.total_servers ?? null,
            atRiskRows: contents.summary.at_risk_servers ?? null,
            underutilizedRows: contents.summary.underutilized_servers ?? null,
          },
    warnings: manifest?.warnings ?? [],
    missing: listMissingFiles(contents),
  }
}

/** As the manifest says; by a look at all rows where it does not. */
const findExtent = async (database: Database, { folder, manifest }: RunContents): Promise<{ firstMs: number; lastMs: number }> => {
  const manifestExtent = manifest?.extent ?? null
  if (manifestExtent !== null) return { firstMs: Date.parse(manifestExtent.start), lastMs: Date.parse(manifestExtent.end) }
  const { first, last } = await database.row(extentSql, z.object({ first: milliseconds, last: milliseconds }))
  if (first === null || last === null) throw new HeadroomError('run-damaged', `${folder} holds no forecasts of a selected model.`)
  return { firstMs: first, lastMs: last }
}

const findStep = async (database: Database): Promise<number> => {
  const { step } = await database.row(stepSql, z.object({ step: milliseconds }))
  return step ?? dayMs
}

const granularityForStep = (stepMs: number): Granularity => (stepMs < dayMs ? 'hourly' : stepMs < 7 * dayMs ? 'daily' : 'weekly')

/** What each absent file means to somebody who looks at the window. */
const listMissingFiles = ({ kind, presentFiles: present }: RunContents): RunOverview['missing'] => {
  const consequences: Readonly<Record<string, string>> = {
    [runFiles.manifest]: 'thresholds are the defaults, and who made the run when is not known for certain',
    [runFiles.serverRisk]: 'risk per server was computed now, from one selected model per series',
    [runFiles.summary]: 'the totals of the run are not known',
    [runFiles.recommendations]: 'its recommendations are not known',
    [runFiles.clusters]: 'the clusters scatter stays empty',
    [runFiles.modelAccuracy]: 'model accuracy is not known',
  }
  // Module 05 never wrote these files, so their absence is expected; its effect is still reported.
  const optional = kind === 'python-original' ? [runFiles.modelAccuracy] : []
  return Object.entries(consequences)
    .filter(([file]) => !present.has(file) && !optional.some((name) => name === file))
    .map(([file, consequence]) => ({ file, consequence }))
}

/** Where the container has them; it says nothing of what they are. */
const containerInputFolder = /^\/opt\/ml\/processing\//
const hivePartition = /^[^/=]+=/

/** `inputs`: paths as the machine of the analysis wrote them; `folder`: of the run. */
export const createRunTitle = (inputs: readonly string[], folder: string): string => {
  const paths = inputs.map((path) => path.replaceAll('\\', '/'))
  const [first] = paths
  const fallback = posix.basename(folder.replaceAll('\\', '/'))
  if (first === undefined) return fallback
  if (paths.length === 1) return posix.basename(first, posix.extname(first))
  const parts = posix.dirname(first).split('/')
  const firstDifference = parts.findIndex((part, index) => paths.some((path) => path.split('/')[index] !== part))
  const common = firstDifference === -1 ? parts : parts.slice(0, firstDifference)
  while (hivePartition.test(common.at(-1) ?? '')) common.pop()
  const name = common.at(-1) ?? ''
  return name === '' || containerInputFolder.test(`${common.join('/')}/`) ? fallback : name
}
