// The orders in which servers can stand, as SQL over `server_risk`.
import type { HeatmapSort } from '../../../src-shared/ipc/run-view.ts'

/** Riskiest first. */
const riskOrder = 'is_at_risk DESC, horizon_p95 DESC NULLS LAST, server_id'

const orderBySort: Readonly<Record<HeatmapSort, string>> = {
  risk: riskOrder,
  breach: `first_breach_at NULLS LAST, ${riskOrder}`,
  cluster: `cluster NULLS LAST, ${riskOrder}`,
  group: `business_unit NULLS LAST, region NULLS LAST, criticality NULLS LAST, ${riskOrder}`,
  name: 'server_id',
}

/** `server_id` and `rank` from 0 of every server that has the metric bound as $1 and meets the condition. */
export const rankedServersSql = (sort: HeatmapSort, where = 'true'): string =>
  `SELECT server_id, CAST(row_number() OVER (ORDER BY ${orderBySort[sort]}) - 1 AS INTEGER) AS rank, risk_level
   FROM server_risk WHERE metric = $1 AND (${where})`
