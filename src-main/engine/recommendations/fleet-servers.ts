// The servers with the figures behind their recommendations, read some at a time because a million objects exceed memory.
import { z } from 'zod'
import { minSaturatedShare, type ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { riskBasisSchema, type AnalysisConfig, type RiskBasis } from '../../../src-shared/config/analysis-config.ts'
import { isPercentMetric } from '../../../src-shared/config/metric-units.ts'
import { identifier, literal, type Database } from '../../database/database.ts'
import { retirePeakPercent, watchMinProbability } from '../../forecasts/recommendation-text.ts'

const actionSchema = z.enum(['add capacity', 'watch']).nullable()

interface FieldValues {
  readonly text: string
  readonly 'text?': string | null
  readonly number: number
  readonly 'number?': number | null
  readonly flag: boolean
  readonly action: z.infer<typeof actionSchema>
  readonly basis: RiskBasis
}
type FieldKind = keyof FieldValues
type FieldKinds = Readonly<Record<string, FieldKind>>
type RowOf<Kinds extends FieldKinds> = { readonly [Name in keyof Kinds]: FieldValues[Kinds[Name]] }

/** What decides about a server's group, and how much fits on it. */
const placeableFields = {
  server_id: 'text',
  business_unit: 'text?',
  region: 'text?',
  criticality: 'text?',
  monthly_cost_usd: 'number',
  capacity_units: 'number',
} as const satisfies FieldKinds

const memberFields = {
  ...placeableFields,
  is_underutilized: 'flag',
  /** Whether its metrics in percent were and will be next to idle. */
  is_retirable: 'flag',
  /** Whether all its metrics in percent have simulated paths. */
  has_paths: 'flag',
  capacity_action: 'action',
  /** Highest measured value of its metrics in percent. */
  measured_peak: 'number?',
  horizon_peak: 'number?',
  horizon_mean: 'number?',
} as const satisfies FieldKinds

const serverFields = {
  ...memberFields,
  is_at_risk: 'flag',
  /** When the first of the metrics that decide about the action may breach. */
  order_breach_at: 'text?',
  /** The limiting metric, and its figures. */
  metric: 'text',
  horizon_p95: 'number?',
  high_threshold: 'number?',
  at_risk_probability: 'number?',
  p95_median: 'number?',
  risk_basis: 'basis',
  first_breach_at: 'text?',
  expected_first_breach: 'text?',
  last_measured_at: 'text?',
  lead_time_days: 'number',
  /** Maximum over all metrics. */
  units_to_add: 'number?',
  percent_to_add: 'number?',
  /** Whether the load of some metric was capped at its capacity, so that no more than a lower limit of the demand is known. */
  is_saturated: 'flag',
  /** Of any metric. */
  server_at_risk_probability: 'number?',
  breach_probability: 'number?',
} as const satisfies FieldKinds

export type GroupMember = RowOf<typeof memberFields>
export type FleetServer = RowOf<typeof serverFields>

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

/** Creates `placeable_servers`, what is known of the servers before their risk. Reads `series_risk`. */
export const createPlaceableServers = async (database: Database): Promise<void> => {
  const columns = Object.keys(placeableFields).map(identifier).join(', ')
  await database.run(`
    CREATE OR REPLACE TABLE placeable_servers AS
    SELECT row_number() OVER (ORDER BY server_id) - 1 AS position, * FROM (SELECT DISTINCT ${columns} FROM series_risk) ORDER BY position`)
}

/** All rows of `placeable_servers` by name, some at a time. */
export const readPlaceableServers = (database: Database): AsyncGenerator<RowOf<typeof placeableFields>[]> =>
  readPages(database, 'placeable_servers', placeableFields)

/** Rows that are read at once. */
const pageRows = 20_000
/** Rows that are objects at once: so few are gone before V8 moves them to where only its slow collection frees them. */
const rowsAtOnce = 500

/** All rows of `fleet_servers` by name, some at a time. */
export const readFleetServers = (database: Database): AsyncGenerator<FleetServer[]> => readPages(database, 'fleet_servers', serverFields)

/** The columns that decide about a server's group, for the same rows. */
export const readGroupMembers = (database: Database): AsyncGenerator<GroupMember[]> => readPages(database, 'fleet_servers', memberFields)

async function* readPages<const Fields extends FieldKinds>(
  database: Database,
  table: string,
  fields: Fields,
): AsyncGenerator<RowOf<Fields>[]> {
  const names = Object.keys(fields)
  const selected = names.map((name) =>
    fields[name] === 'flag' ? `CAST(${identifier(name)} AS INTEGER) AS ${identifier(name)}` : identifier(name),
  )
  const kinds = Object.fromEntries(names.map((name) => [name, columnKinds[fields[name]!]]))
  /** Its copies have all fields from the start: V8 takes longer to add one after the other. */
  const emptyRow: Readonly<Record<string, unknown>> = Object.fromEntries(names.map((name) => [name, null]))
  for (let from = 0; ; from += pageRows) {
    const columns = await database.columns(
      `SELECT ${selected.join(', ')} FROM ${table} WHERE position >= ${from} AND position < ${from + pageRows} ORDER BY position`,
      kinds,
    )
    const values = names.map((name) => columns[name]!)
    const readers = names.map((name) => fieldReaders[fields[name]!])
    const rows = values[0]!.length
    const readRow = (row: number): RowOf<Fields> => {
      const found: Record<string, unknown> = { ...emptyRow }
      for (let field = 0; field < names.length; field++) found[names[field]!] = readers[field]!(values[field]![row])
      return found as RowOf<Fields>
    }
    for (let first = 0; first < rows; first += rowsAtOnce)
      yield Array.from({ length: Math.min(rowsAtOnce, rows - first) }, (_, index) => readRow(first + index))
    if (rows < pageRows) return
  }
}

const columnKinds = {
  text: 'text',
  'text?': 'text?',
  number: 'number',
  'number?': 'number?',
  flag: 'number',
  action: 'text?',
  basis: 'text',
} as const satisfies Record<FieldKind, string>

type Value = string | number | null | undefined

/** From a value of the column to that of the field. */
const fieldReaders: Readonly<Record<FieldKind, (value: Value) => unknown>> = {
  text: (value) => value,
  'text?': (value) => value,
  number: (value) => value,
  'number?': (value) => (Number.isNaN(value) ? null : value),
  flag: (value) => value === 1,
  action: (value) => (value === null ? null : actionSchema.parse(value)),
  basis: (value) => riskBasisSchema.parse(value),
}
