// What a launch asks of the engine, which the cloud's code does not know: it is handed in.
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
  /** Plans a Spark job. Throws HeadroomError, also what an analysis would refuse before it reads rows. */
  readonly plan: SparkPlanner
  /** Throws what an analysis would refuse in the tables. */
  readonly checkTables: (tables: {
    readonly serversTable: string | undefined
    readonly eventsTable: string | undefined
  }) => Promise<unknown>
}

/** Before anything is sent: the job itself would say it minutes later. */
export const checkLaunchTables = async ({ task }: LaunchRequest, { checkTables }: Pick<EnginePort, 'checkTables'>): Promise<void> => {
  if (task.kind !== 'engine' || (task.serversTable === undefined && task.eventsTable === undefined)) return
  await checkTables({ serversTable: task.serversTable, eventsTable: task.eventsTable })
}
