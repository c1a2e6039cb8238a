// What the filter can be set to in a run: groups and clusters with how many servers each holds.
import { z } from 'zod'
import { groupColumns, type GroupColumn } from '../../../src-shared/ipc/fleet-filter.ts'
import type { FilterChoices } from '../../../src-shared/ipc/fleet-view.ts'
import type { OpenRun } from '../run/open-run.ts'

const choiceSchema = z.object({ value: z.string(), servers: z.int() })
const clusterSchema = z.object({ cluster: z.int(), name: z.string(), servers: z.int() })

/** A column that no server has a value for offers no choice. */
const groupSql = (column: GroupColumn): string => `
  SELECT coalesce(${column}, '') AS value, CAST(count(DISTINCT server_id) AS INTEGER) AS servers
  FROM server_risk WHERE EXISTS (SELECT 1 FROM server_risk WHERE ${column} IS NOT NULL)
  GROUP BY 1 ORDER BY 1 LIMIT 1000`

const clustersSql = `
  SELECT CAST(cluster AS INTEGER) AS cluster, coalesce(any_value(cluster_name), 'cluster ' || cluster) AS name, CAST(count(DISTINCT server_id) AS INTEGER) AS servers
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY cluster ORDER BY cluster LIMIT 100`

export const queryFilterChoices = async ({ database }: OpenRun): Promise<FilterChoices> => {
  const groups = {} as Record<GroupColumn, z.infer<typeof choiceSchema>[]>
  for (const column of groupColumns) groups[column] = await database.rows(groupSql(column), choiceSchema)
  return { ...groups, cluster: await database.rows(clustersSql, clusterSchema) }
}
