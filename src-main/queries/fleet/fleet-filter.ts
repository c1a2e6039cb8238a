// The shared filter as SQL over `server_risk`, and the choices that a run offers for it.
import { listValue } from '@duckdb/node-api'
import { groupColumns, type FleetFilter, type GroupColumn, type RiskFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { filterChoicesSchema, type FilterChoices } from '../../../src-shared/ipc/fleet-view.ts'
import type { SqlParameters } from '../../database/database.ts'
import type { OpenRun } from '../run/open-run.ts'

const riskConditions: Readonly<Record<RiskFilter, string>> = {
  'at-risk': 'is_at_risk',
  high: "risk_level = 'high'",
  medium: "risk_level = 'medium'",
  low: "risk_level = 'low'",
  breach: 'first_breach_at IS NOT NULL',
  underutilised: 'is_underutilized',
}

const searchTextSql = "lower(concat_ws(' ', server_id, business_unit, region, criticality, cluster_name, model, recommendation))"

export interface FilterCondition {
  /** Always a condition, `true` where nothing is filtered. */
  readonly where: string
  /** `baseParameters`, then what the condition binds. */
  readonly parameters: SqlParameters
}

/** Appends to the parameters of a query, which binds `baseParameters` as $1 and so on. */
export const filterCondition = (filter: FleetFilter, baseParameters: SqlParameters): FilterCondition => {
  const parameters = [...baseParameters]
  const bind = (value: SqlParameters[number]): string => `$${parameters.push(value)}`
  const conditions: string[] = []
  for (const word of filter.text.toLowerCase().split(/\s+/).filter(Boolean)) conditions.push(`contains(${searchTextSql}, ${bind(word)})`)
  for (const column of groupColumns) {
    if (filter[column].length > 0)
      conditions.push(`list_contains(${bind(listValue(filter[column]))}, coalesce(CAST(${column} AS VARCHAR), ''))`)
  }
  if (filter.risk.length > 0) conditions.push(`(${filter.risk.map((name) => riskConditions[name]).join(' OR ')})`)
  if (filter.cluster.length > 0) conditions.push(`cluster IN (${filter.cluster.map((cluster) => bind(cluster)).join(', ')})`)
  if (filter.recommendation.length > 0) conditions.push(`recommendation IN (${filter.recommendation.map((name) => bind(name)).join(', ')})`)
  if (filter.servers.length > 0) conditions.push(`server_id IN (SELECT unnest(${bind(listValue(filter.servers))}))`)
  return { where: conditions.length === 0 ? 'true' : conditions.join(' AND '), parameters }
}

/** A column that no server has a value for offers no choice. */
const groupSql = (column: GroupColumn): string => `
  SELECT coalesce(${column}, '') AS value, CAST(count(DISTINCT server_id) AS INTEGER) AS servers
  FROM server_risk WHERE EXISTS (SELECT 1 FROM server_risk WHERE ${column} IS NOT NULL)
  GROUP BY 1 ORDER BY 1 LIMIT 1000`

const clustersSql = `
  SELECT CAST(cluster AS INTEGER) AS cluster, coalesce(any_value(cluster_name), 'cluster ' || cluster) AS name, CAST(count(DISTINCT server_id) AS INTEGER) AS servers
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY cluster ORDER BY cluster LIMIT 100`

export const queryFilterChoices = async ({ database }: OpenRun): Promise<FilterChoices> => {
  const { cluster, ...groups } = filterChoicesSchema.shape
  const choicesOf = (column: GroupColumn): Promise<FilterChoices[GroupColumn]> => database.rows(groupSql(column), groups[column].element)
  return {
    business_unit: await choicesOf('business_unit'),
    region: await choicesOf('region'),
    criticality: await choicesOf('criticality'),
    cluster: await database.rows(clustersSql, cluster.element),
  }
}
