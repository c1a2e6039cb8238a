// A history holds the runs of one fleet: the inputs of a night that share hardly a server with it are refused before anything is written.
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { literal, escapeGlob } from '../database/database.ts'
import type { RunOfHistory } from '../queries/history/find-runs.ts'
import { openQueryDatabase, readingRun } from '../queries/run/query-database.ts'

/** Of the smaller of two fleets; below this share of common servers they are two. */
const minCommonShare = 0.1

/** Throws config-invalid where no run of the history has a fleet in common with the servers. */
export const assertSameFleet = async (servers: readonly string[], runs: readonly RunOfHistory[], historyPath: string): Promise<void> => {
  const latest = runs.at(-1)
  if (latest === undefined) return
  const { database, close } = await openQueryDatabase()
  try {
    await database.storeRows(
      'night',
      { server_id: 'VARCHAR' },
      servers.map((server) => [server]),
    )
    let common = 0
    // The latest run is the likeliest to be of the same fleet.
    for (const run of [...runs].reverse()) {
      const file = literal(escapeGlob(join(run.folder, runFiles.serverRisk)))
      const counts = await readingRun(run.folder, () =>
        database.row(
          `SELECT CAST(count(*) AS INTEGER) AS servers, CAST(count(*) FILTER (server_id IN (SELECT server_id FROM night)) AS INTEGER) AS common
           FROM (SELECT DISTINCT server_id FROM read_parquet(${file}, hive_partitioning = false))`,
          z.object({ servers: z.int(), common: z.int() }),
        ),
      )
      if (counts.common >= minCommonShare * Math.min(servers.length, counts.servers)) return
      common = Math.max(common, counts.common)
    }
    throw new HeadroomError(
      'config-invalid',
      `${common === 0 ? 'No server' : `Only ${common.toLocaleString('en-US')} of ${servers.length.toLocaleString('en-US')} servers`} of the inputs ${common <= 1 ? 'is' : 'are'} in the history ${historyPath}, whose latest run is ${latest.name}: a history holds the runs of one fleet.`,
      { next: 'Name another history in the plan, or state accept_new_fleet: true in it where the servers have new names.' },
    )
  } finally {
    await close()
  }
}
