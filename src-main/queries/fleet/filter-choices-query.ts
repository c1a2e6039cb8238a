// What the filter can be set to in a run: groups and clusters with how many servers each holds.
import type { GroupColumn } from '../../../src-shared/ipc/fleet-filter.ts'
import { filterChoicesSchema, type FilterChoices } from '../../../src-shared/ipc/fleet-view.ts'
import type { OpenRun } from '../run/open-run.ts'

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
