// The port through which a launch uses the engine, so that cloud code does not import it.
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'

/** Writes `plan.json` and the servers table into `out`. */
export type SparkPlanner = (request: {
  readonly inputs: readonly string[]
  readonly out: string
  readonly config: Readonly<Record<string, unknown>>
  readonly serversTable: string | undefined
  readonly model: string | undefined
}) => Promise<unknown>

export interface EnginePort {
  /** Plans a Spark job. Throws HeadroomError, also for inputs that an analysis would refuse. */
  readonly plan: SparkPlanner
  /** Throws HeadroomError for tables that an analysis would refuse. */
  readonly checkTables: (tables: {
    readonly serversTable: string | undefined
    readonly eventsTable: string | undefined
  }) => Promise<unknown>
}

/** Validates tables before the upload; the job would refuse them minutes later. */
export const checkLaunchTables = async ({ task }: LaunchRequest, { checkTables }: Pick<EnginePort, 'checkTables'>): Promise<void> => {
  if (task.kind !== 'engine' || (task.serversTable === undefined && task.eventsTable === undefined)) return
  await checkTables({ serversTable: task.serversTable, eventsTable: task.eventsTable })
}
