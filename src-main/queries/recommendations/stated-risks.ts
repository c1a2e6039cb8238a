// What a run says of some servers when a planner decides about them.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'

export interface StatedRisk {
  readonly recommendation: string | null
  /** That the server runs out; null where the run does not know it. */
  readonly probability: number | null
}

/** By server; those that the run does not have are left out. `database` holds `server_risk`. */
export const readStatedRisks = async (database: Database, servers: readonly string[]): Promise<ReadonlyMap<string, StatedRisk>> => {
  const rows = await database.rows(
    `SELECT server_id, any_value(recommendation) FILTER (is_limiting) AS recommendation, max(server_at_risk_probability) AS probability
     FROM server_risk WHERE list_contains(CAST($1 AS JSON)::VARCHAR[], server_id) GROUP BY server_id`,
    z.object({ server_id: z.string(), recommendation: z.string().nullable(), probability: z.number().nullable() }),
    [JSON.stringify(servers)],
  )
  return new Map(rows.map(({ server_id, ...stated }) => [server_id, stated]))
}
