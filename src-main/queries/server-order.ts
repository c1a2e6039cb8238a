// The orders in which servers can stand, as SQL over `server_risk`.
import type { HeatmapSort } from '../../src-shared/run-view.ts'

/** Riskiest first. */
const byRisk = 'is_at_risk DESC, horizon_p95 DESC NULLS LAST, server_id'

const orders: Readonly<Record<HeatmapSort, string>> = {
  risk: byRisk,
  breach: `first_breach_at NULLS LAST, ${byRisk}`,
  cluster: `cluster NULLS LAST, ${byRisk}`,
  group: `business_unit NULLS LAST, region NULLS LAST, criticality NULLS LAST, ${byRisk}`,
  name: 'server_id',
}

/** `server_id` and `rank` from 0 of every server that has the metric bound as $1 and meets the condition. */
export const rankedServersSql = (sort: HeatmapSort, where = 'true'): string =>
  `SELECT server_id, CAST(row_number() OVER (ORDER BY ${orders[sort]}) - 1 AS INTEGER) AS rank, risk_level
   FROM server_risk WHERE metric = $1 AND (${where})`
