// The shared filter as SQL over `server_risk`: one condition with bound parameters.
import { listValue } from '@duckdb/node-api'
import { groupColumns, type FleetFilter, type RiskFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { SqlParameters } from '../../database/database.ts'

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
  /** `given`, then what the condition binds. */
  readonly parameters: SqlParameters
}

/** Appends to the parameters of a query, which binds `given` as $1 and so on. */
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
