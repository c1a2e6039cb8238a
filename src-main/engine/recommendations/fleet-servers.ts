// The servers with the figures behind their recommendations, read in pages because a million objects exceed memory.
import { z } from 'zod'
import { minSaturatedShare, type ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { riskBasisSchema, type AnalysisConfig, type RiskBasis } from '../../../src-shared/config/analysis-config.ts'
import { isPercentMetric } from '../../../src-shared/config/metric-units.ts'
import { identifier, literal, type Database } from '../../database/database.ts'
import { retirePeakPercent, watchMinProbability } from '../../forecasts/recommendation-text.ts'

const serverSchema = z.object({
  server_id: z.string(),
  business_unit: z.string().nullable(),
  region: z.string().nullable(),
  criticality: z.string().nullable(),
  monthly_cost_usd: z.number(),
  capacity_units: z.number(),
  is_at_risk: z.boolean(),
  is_underutilized: z.boolean(),
  horizon_peak: z.number().nullable(),
  horizon_mean: z.number().nullable(),
  /** Highest measured value of its metrics in percent. */
  measured_peak: z.number().nullable(),
  /** Whether its metrics in percent were and will be next to idle. */
  is_retirable: z.boolean(),
  /** Whether all its metrics in percent have simulated paths. */
  has_paths: z.boolean(),
  capacity_action: z.enum(['add capacity', 'watch']).nullable(),
  /** When the first of the metrics that decide about the action may breach. */
  order_breach_at: z.string().nullable(),
  /** The limiting metric, and its figures. */
  metric: z.string(),
  horizon_p95: z.number().nullable(),
  high_threshold: z.number().nullable(),
  at_risk_probability: z.number().nullable(),
  p95_median: z.number().nullable(),
  risk_basis: riskBasisSchema,
  first_breach_at: z.string().nullable(),
  expected_first_breach: z.string().nullable(),
  last_measured_at: z.string().nullable(),
  lead_time_days: z.number(),
  /** Maximum over all metrics. */
  units_to_add: z.number().nullable(),
  percent_to_add: z.number().nullable(),
  /** Whether the load of some metric was capped at its capacity, so that no more than a lower limit of the demand is known. */
  is_saturated: z.boolean(),
  /** Of any metric. */
  server_at_risk_probability: z.number().nullable(),
  breach_probability: z.number().nullable(),
})
export type FleetServer = z.infer<typeof serverSchema>

/** What decides about a server's group, and how much fits on it. */
const placeableColumns = {
  server_id: true,
  business_unit: true,
  region: true,
  criticality: true,
  monthly_cost_usd: true,
  capacity_units: true,
} as const
const placeableSchema = serverSchema.pick(placeableColumns)

const memberSchema = serverSchema.pick({
  ...placeableColumns,
  is_underutilized: true,
  is_retirable: true,
  has_paths: true,
  capacity_action: true,
  measured_peak: true,
  horizon_peak: true,
  horizon_mean: true,
})
export type GroupMember = z.infer<typeof memberSchema>

export type RecommendedAction = ServerRiskRow['recommendation']

/** The recommendation that risk alone decides; null where the server's idleness and its group decide. */
export const recommendByRisk = (server: Pick<FleetServer, 'capacity_action'>): 'add capacity' | 'watch' | null => server.capacity_action

export const groupKey = (server: Pick<FleetServer, 'business_unit' | 'region' | 'criticality'>): string =>
  JSON.stringify([server.business_unit, server.region, server.criticality])

const instantSql = (time: string): string => `strftime(${time}, '%Y-%m-%dT%H:%M:%SZ')`

/** The limiting metric first. Without probabilities the least headroom limits. */
const limitingOrderSql = (basis: RiskBasis): string => {
  const probability =
    'CASE WHEN at_risk_probability IS NULL AND is_at_risk THEN 1 ELSE coalesce(at_risk_probability, 0) END DESC, breach_at NULLS LAST, '
  return `${basis === 'probable' ? probability : ''}headroom_points NULLS LAST, metric`
}

/** Whether a metric decides about its server's action: it is at risk, or its own probability exceeds the limit of the rule. */
const isDecidingSql = ({ basis, purchase_probability: purchase }: Pick<AnalysisConfig, 'basis' | 'purchase_probability'>): string => {
  const addsCapacity = basis === 'probable' ? `at_risk_probability > ${purchase}` : 'false'
  return `(is_at_risk OR coalesce(CASE capacity_action WHEN 'watch' THEN at_risk_probability > ${watchMinProbability} ELSE ${addsCapacity} END, false))`
}

/**
 * Creates `fleet_servers`, a row per server: the figures of its limiting metric; peak, mean and capacity to add over all metrics with a
 * threshold. Reads `series_risk`, `breach_estimates`, `server_verdicts`, `capacity_needs`, `saturation`.
 */
export const createFleetServers = async (database: Database, config: AnalysisConfig): Promise<void> => {
  const metrics = await database.rows('SELECT DISTINCT metric FROM series_risk ORDER BY metric', z.object({ metric: z.string() }))
  const percentMetrics = metrics.filter(({ metric }) => isPercentMetric(config, metric)).map(({ metric }) => literal(metric))
  const isPercentSql = percentMetrics.length === 0 ? 'false' : `metric IN (${percentMetrics.join(', ')})`
  await database.run(`
    CREATE OR REPLACE TABLE fleet_servers AS
    WITH rated AS (
      SELECT * EXCLUDE (risk_basis), coalesce(risk_basis, 'expected') AS risk_basis, coalesce(first_breach_p20, first_breach_at) AS breach_at,
             ${isDecidingSql(config)} AS is_deciding
      FROM series_risk JOIN server_verdicts USING (server_id) LEFT JOIN breach_estimates USING (series_id)
      LEFT JOIN capacity_needs USING (series_id) LEFT JOIN saturation USING (series_id)
    )
    SELECT row_number() OVER (ORDER BY server_id) - 1 AS position, * FROM (
      SELECT server_id, business_unit, region, criticality, monthly_cost_usd, capacity_units,
             is_server_at_risk AS is_at_risk, is_underutilized, capacity_action,
             ${instantSql('coalesce(min(breach_at) FILTER (WHERE is_deciding) OVER server, min(breach_at) OVER server)')} AS order_breach_at,
             CASE WHEN bool_and(horizon_peak IS NOT NULL) FILTER (WHERE high_threshold IS NOT NULL) OVER server
                  THEN max(horizon_peak) FILTER (WHERE high_threshold IS NOT NULL) OVER server END AS horizon_peak,
             max(horizon_mean) FILTER (WHERE high_threshold IS NOT NULL) OVER server AS horizon_mean,
             max(measured_peak) OVER server AS measured_peak,
             coalesce(bool_and(horizon_peak IS NOT NULL AND coalesce(path_peak_p95, horizon_peak) < ${retirePeakPercent}
                               AND coalesce(measured_peak < ${retirePeakPercent}, true)) FILTER (WHERE ${isPercentSql}) OVER server, false) AS is_retirable,
             coalesce(bool_and(path_source IS NOT DISTINCT FROM 'residuals') FILTER (WHERE ${isPercentSql}) OVER server, false) AS has_paths,
             metric, horizon_p95, high_threshold, at_risk_probability, p95_median, risk_basis,
             max(units_to_add) OVER server AS units_to_add, max(percent_to_add) OVER server AS percent_to_add,
             coalesce(bool_or(saturated_share >= ${minSaturatedShare}) OVER server, false) AS is_saturated,
             ${instantSql('first_breach_at')} AS first_breach_at, ${instantSql('expected_first_breach')} AS expected_first_breach,
             ${instantSql('last_measured_at')} AS last_measured_at, lead_time_days,
             server_at_risk_probability, server_breach_probability AS breach_probability
      FROM rated
      WINDOW server AS (PARTITION BY server_id)
      QUALIFY row_number() OVER (PARTITION BY server_id ORDER BY ${limitingOrderSql(config.basis)}) = 1)
    ORDER BY position`)
}

/** All servers by name, in pages, before their risk is known. Creates `placeable_servers`; reads `series_risk`. */
export async function* readPlaceableServers(database: Database): AsyncGenerator<z.infer<typeof placeableSchema>[]> {
  const columns = Object.keys(placeableSchema.shape).map(identifier).join(', ')
  await database.run(`
    CREATE OR REPLACE TABLE placeable_servers AS
    SELECT row_number() OVER (ORDER BY server_id) - 1 AS position, * FROM (SELECT DISTINCT ${columns} FROM series_risk) ORDER BY position`)
  yield* readPages(database, 'placeable_servers', placeableSchema)
}

/** Rows per page; the last one has fewer. */
export const pageRows = 20_000

/** All rows of `fleet_servers` by name, in pages. */
export const readFleetServers = (database: Database): AsyncGenerator<FleetServer[]> => readPages(database, 'fleet_servers', serverSchema)

/** The columns that decide about a server's group, for the same rows. */
export const readGroupMembers = (database: Database): AsyncGenerator<GroupMember[]> => readPages(database, 'fleet_servers', memberSchema)

async function* readPages<Shape extends z.ZodRawShape>(
  database: Database,
  table: string,
  schema: z.ZodObject<Shape>,
): AsyncGenerator<z.infer<z.ZodObject<Shape>>[]> {
  const columns = Object.keys(schema.shape).map(identifier).join(', ')
  for (let from = 0; ; from += pageRows) {
    const page = await database.rows(
      `SELECT ${columns} FROM ${table} WHERE position >= ${from} AND position < ${from + pageRows} ORDER BY position`,
      schema,
    )
    yield page
    if (page.length < pageRows) return
  }
}
