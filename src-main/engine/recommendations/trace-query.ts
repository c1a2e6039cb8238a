// The SQL that shows the rows behind a recommendation, over the run's own tables and the user's own column names.
import { identifier, literal } from '../../database/database.ts'
import type { MappedColumns } from '../../forecasts/forecast-columns.ts'
import type { RecommendedServer } from './assign-recommendations.ts'

/** The user's columns that a trace names. */
export type TraceColumns = Pick<MappedColumns, 'server_id' | 'timestamp' | 'predicted' | 'metric'>

/** For `headroom query`: a consolidation shows the host's demand per time with everything packed on it, the others their horizon. */
export const traceQuery = (server: RecommendedServer, columns: TraceColumns): string => {
  const name = (role: keyof TraceColumns): string => `f.${identifier(columns[role]!.column)}`
  const metric = columns.metric === undefined ? '' : ` AND r.metric = CAST(${name('metric')} AS VARCHAR)`
  const horizon = `FROM forecasts f JOIN server_risk r ON r.server_id = CAST(${name('server_id')} AS VARCHAR)${metric} WHERE f.is_selected AND CAST(${name('timestamp')} AS TIMESTAMPTZ) BETWEEN r.horizon_start AND r.horizon_end`
  if (server.targetHost !== null) {
    const host = literal(server.targetHost)
    return `SELECT ${name('timestamp')}, r.metric, sum(${name('predicted')} / 100 * r.capacity_units) AS demand_units, max(r.capacity_units) FILTER (WHERE r.server_id = ${host}) AS host_units ${horizon} AND (r.server_id = ${host} OR r.target_host = ${host}) GROUP BY ALL ORDER BY ALL`
  }
  return `SELECT ${name('timestamp')}, r.metric, ${name('predicted')}, r.high_threshold ${horizon} AND r.server_id = ${literal(server.server_id)} ORDER BY ALL`
}
