// The business units of some servers.
import { listValue } from '@duckdb/node-api'
import { z } from 'zod'
import type { OpenRun } from '../run/open-run.ts'

/** By server; servers without one are left out. */
export const readBusinessUnits = async ({ database }: OpenRun, servers: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const rows = await database.rows(
    'SELECT DISTINCT server_id, business_unit FROM server_risk WHERE business_unit IS NOT NULL AND server_id IN (SELECT unnest($1))',
    z.object({ server_id: z.string(), business_unit: z.string() }),
    [listValue(servers)],
  )
  return new Map(rows.map(({ server_id, business_unit }) => [server_id, business_unit]))
}
