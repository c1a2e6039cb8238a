// capacity.json: clusters, hosts and projects, rightsizing, and what all of it saves.
import { z } from 'zod'
import type { CapacityDriver, CapacityReport, CapacitySavings, Rightsizing } from '../../../src-shared/artefacts/capacity.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import type { ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { CapacityTableFiles } from '../../../src-shared/run/capacity-tables.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import type { Database } from '../../database/database.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { assessGroups, capacityRulesOf } from './assess-groups.ts'
import { ClusterPool, countClusterThreads } from './cluster-pool.ts'
import { describeUnfollowed, planDrivers, readDrivers, type Driver } from './drivers.ts'
import { readCatalogue, type InstanceCatalogue } from './instance-catalogue.ts'
import { readOrigin } from './member-paths.ts'
import { readProjects, type Project } from './projects.ts'
import { checkRightsizing } from './check-rightsizing.ts'
import { FleetUse, readSizedFleet, rightsizeFleet } from './rightsize.ts'

/** The planner's tables. */
export interface CapacityTables {
  readonly projects: readonly Project[]
  readonly drivers: readonly Driver[]
  readonly catalogue: InstanceCatalogue
  /** As the manifest names them. */
  readonly entries: Readonly<Record<'projects' | 'drivers' | 'catalogue', ReadInput | null>>
}

export interface CapacityTablePaths {
  readonly projectsTable?: string | undefined
  readonly driversTable?: string | undefined
  readonly catalogue?: string | undefined
}

/** Throws input-not-found, table-invalid. */
export const readCapacityTables = async (
  paths: CapacityTablePaths,
  { decimal }: Pick<AnalysisConfig, 'decimal'>,
  timeZone: string,
): Promise<CapacityTables> => {
  const { projects, entry } = await readProjects(paths.projectsTable, decimal, timeZone)
  const drivers = await readDrivers(paths.driversTable, decimal, timeZone)
  const catalogue = await readCatalogue(paths.catalogue, decimal)
  return { projects, drivers: drivers.drivers, catalogue, entries: { projects: entry, drivers: drivers.entry, catalogue: catalogue.entry } }
}

/** Throws what an analysis would throw on these files. */
export const validateCapacityTables = async (
  { projects: projectsTable, drivers: driversTable, catalogue }: CapacityTableFiles,
  config: Pick<AnalysisConfig, 'decimal' | 'time_zone'>,
): Promise<void> => {
  await readCapacityTables({ projectsTable, driversTable, catalogue }, config, config.time_zone)
}

/** Reads the tables of all stages before, `server_assignments` among them. */
export const assessCapacity = async (
  database: Database,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  { projects, drivers: stated, catalogue }: CapacityTables,
  drivers: readonly CapacityDriver[],
  clock: ZoneClock,
  task: SimulationTask | null,
  signal: AbortSignal | undefined,
): Promise<CapacityReport> => {
  const sizedFleet = await readSizedFleet(database, catalogue)
  const setup = { rules: capacityRulesOf(config), columns, projects }
  const pool = task === null ? null : new ClusterPool(task, setup, await countClusterThreads(database), signal)
  try {
    const uses = task === null || sizedFleet.candidates.length === 0 ? null : new FleetUse(task, columns, sizedFleet)
    // Members are drawn once, for their groups and for their sizes.
    const { notes, ...groups } = await assessGroups(database, config, columns, projects, task === null ? null : { task, pool: pool!, uses })
    await uses?.drawRest(pool!)
    const sized = rightsizeFleet(config, sizedFleet, catalogue, uses)
    const currentSizes = new Map(sizedFleet.candidates.map(({ server_id: id, current }) => [id, current]))
    const check =
      task === null || sized.servers.length === 0
        ? null
        : await checkRightsizing(task, pool!, columns, currentSizes, catalogue.sizes, config.sizing_headroom, signal)
    const rightsizing = { ...sized, check }
    return {
      ...groups,
      drivers: [...drivers],
      driver_plans: planDrivers(stated, await readOrigin(database), clock),
      rightsizing,
      savings: await sumSavings(database, rightsizing),
      notes: [...notes, ...describeUnfollowed(stated, drivers), ...describeTypes(rightsizing)],
    }
  } finally {
    await pool?.close()
  }
}

/** A server counts in one step: rightsizing leaves out what is removed. Reads `server_assignments`, `series_risk`. */
const sumSavings = async (database: Database, { servers }: Rightsizing): Promise<CapacitySavings> => {
  const { retire, consolidate } = await database.row(
    `SELECT CAST(coalesce(sum(usd) FILTER (recommendation = 'retire'), 0) AS DOUBLE) AS retire, CAST(coalesce(sum(usd) FILTER (recommendation = 'consolidate'), 0) AS DOUBLE) AS consolidate
     FROM (SELECT DISTINCT server_id, CAST(monthly_cost_usd AS DECIMAL(18, 4)) AS usd FROM series_risk) JOIN server_assignments USING (server_id)`,
    z.object({ retire: z.number(), consolidate: z.number() }),
  )
  const rightsize = servers.reduce((sum, server) => sum + server.monthly_savings_usd, 0)
  const licences = servers.reduce((sum, server) => sum + (server.licence_savings_usd ?? 0), 0)
  const cents = (usd: number): number => Math.round(usd * 100) / 100
  return {
    rightsize_usd: cents(rightsize),
    consolidate_usd: cents(consolidate),
    retire_usd: cents(retire),
    total_usd: cents(rightsize + consolidate + retire),
    licences_usd: cents(licences),
  }
}

const describeTypes = ({ unknown_types: types }: Rightsizing): string[] =>
  types.length === 0
    ? []
    : [
        `The catalogue has no ${types.length === 1 ? 'type' : 'types'} ${types.slice(0, 3).join(', ')}${types.length > 3 ? `, and ${types.length - 3} more` : ''}, so servers of ${types.length === 1 ? 'it' : 'them'} keep their size.`,
      ]
