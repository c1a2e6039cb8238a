// The sort orders of servers, as SQL over `server_risk`.
import { riskOrderSql } from '../../forecasts/heatmap-rules.ts'
import type { HeatmapSort } from '../../../src-shared/ipc/run-view.ts'

const orderBySort: Readonly<Record<HeatmapSort, string>> = {
  risk: riskOrderSql,
  breach: `first_breach_at NULLS LAST, ${riskOrderSql}`,
  cluster: `cluster NULLS LAST, ${riskOrderSql}`,
  group: `business_unit NULLS LAST, region NULLS LAST, criticality NULLS LAST, ${riskOrderSql}`,
  name: 'server_id',
}

/** `server_id` and `rank` from 0 of every server that has the metric bound as $1 and meets the condition. */
export const rankedServersSql = (sort: HeatmapSort, where = 'true'): string =>
  `SELECT server_id, CAST(row_number() OVER (ORDER BY ${orderBySort[sort]}) - 1 AS INTEGER) AS rank, risk_level
   FROM server_risk WHERE metric = $1 AND (${where})`
