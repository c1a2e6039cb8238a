// The probability that servers still run out once their recommended capacity is added: what-if's arithmetic on the run's stored paths.
import { listValue } from '@duckdb/node-api'
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import type { OpenRun } from '../run/open-run.ts'
import { queryModelAccuracy } from '../run/run-contents.ts'
import { readCalibrations } from '../run/stored-calibrations.ts'
import { findJointShares, hasPaths, JointProbability, sustainedProbability } from '../what-if/scenario-probabilities.ts'

/**
 * `addedShares`: capacity to add by server, as a share of today's; the demand on all of a server's metrics falls to 1 / (1 + share). Servers
 * without simulated paths are left out.
 */
export const readRiskAfter = async (
  run: OpenRun,
  addedShares: ReadonlyMap<string, number | null>,
): Promise<ReadonlyMap<string, number>> => {
  const servers = [...addedShares].flatMap(([server, share]) => (share === null ? [] : [server])).sort()
  const calibrations = readCalibrations((await queryModelAccuracy(run)).accuracy)
  if (servers.length === 0 || calibrations === null) return new Map()
  const table = await run.database.columns(
    `SELECT server_id, high_threshold, server_at_risk_probability, ${pathMomentColumns.join(', ')} FROM server_risk
     WHERE high_threshold IS NOT NULL AND server_id IN (SELECT unnest($1)) ORDER BY server_id, metric`,
    {
      server_id: 'text',
      high_threshold: 'number',
      server_at_risk_probability: 'number?',
      ...(Object.fromEntries(pathMomentColumns.map((column) => [column, 'number?'])) as Record<PathMomentColumn, 'number?'>),
    },
    [listValue(servers)],
  )
  const { server_id: names, high_threshold: thresholds } = table
  const moments = Float64Array.from(names.flatMap((_, row) => pathMomentColumns.map((column) => table[column][row]!)))
  const paths = { ...calibrations, moments }
  const firstRows = names.flatMap((name, row) => (names[row - 1] === name ? [] : [row]))
  const firstSeries = Uint32Array.from([...firstRows, names.length])
  const sustained = Float64Array.from(firstRows, (row) => table.server_at_risk_probability[row]!)
  const jointShares = findJointShares(paths, { sustained, any: sustained }, firstSeries, thresholds)
  const found = new Map<string, number>()
  firstRows.forEach((first, server) => {
    const joint = new JointProbability()
    const growth = 1 / (1 + addedShares.get(names[first]!)!)
    for (let series = first; series < firstSeries[server + 1]!; series++)
      if (hasPaths(paths, series)) joint.add(sustainedProbability(paths, series, growth, thresholds[series]!))
    const probability = joint.joint(jointShares.sustained[server]!)
    if (!Number.isNaN(probability)) found.set(names[first]!, probability)
  })
  return found
}
