// The consolidation that an earlier run recommended, so that a plan survives the next day.
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import { readRunFolder } from '../../run-folder/read-run-folder.ts'

export interface PreviousPlan {
  readonly runId: string
  /** Server -> target host. */
  readonly hosts: ReadonlyMap<string, string>
}

/** Throws run-not-found or run-damaged. */
export const readPreviousPlan = async (database: Database, path: string): Promise<PreviousPlan> => {
  const run = await readRunFolder(path)
  if (run.kind !== 'headroom') {
    throw new HeadroomError('run-not-found', `${path} holds no recommendations of Headroom.`, {
      next: 'Name the folder that `headroom analyze` wrote.',
    })
  }
  const file = literal(escapeGlob(join(run.folder, runFiles.serverRisk)))
  const columns = await database.rows(
    `SELECT column_name AS name FROM (DESCRIBE SELECT * FROM read_parquet(${file}))`,
    z.object({ name: z.string() }),
  )
  // The first version's name for it.
  const hostColumn = columns.some(({ name }) => name === 'target_host') ? 'target_host' : 'consolidate_onto'
  const { server_id: servers, host } = await database.columns(
    `SELECT DISTINCT server_id, ${hostColumn} AS host FROM read_parquet(${file}) WHERE ${hostColumn} IS NOT NULL ORDER BY server_id`,
    { server_id: 'text', host: 'text' },
  )
  return { runId: run.manifest.run_id, hosts: new Map(servers.map((server, index) => [server, host[index]!])) }
}
