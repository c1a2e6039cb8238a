// Request, progress reporting and result of an analysis, shared by command line, window and cloud.
import type { AnalysisMethod } from '../../src-shared/config/analysis-config.ts'
import type { EventReport } from '../../src-shared/artefacts/event-report.ts'
import type { RunEvent, RunWarning } from '../../src-shared/run/run-event.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'
import type { PictureWriter } from './pictures/write-pictures.ts'

export interface AnalysisRequest {
  /** Parquet files, folders, globs or Hive-partitioned trees that hold the forecasts. */
  readonly inputs: readonly string[]
  /** Run folder to create; absent or empty. */
  readonly out: string
  readonly method: AnalysisMethod
  /** The user's settings by the keys of analysis-config; the engine validates them and fills in defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** About the file that the settings come from; they join the run's own. */
  readonly configWarnings?: readonly RunWarning[] | undefined
  /** CSV or Parquet with `server_id` and any of business_unit, region, criticality, monthly_cost_usd, capacity_units, lead_time_days. */
  readonly serversTable?: string | undefined
  /** CSV with `from`, `to`, `servers` or `group`, `metric`, `effect`, `note`: one-off events. */
  readonly eventsTable?: string | undefined
  /** CSV with `name`, `group`, `metric`, `units`, `from`, `to`, `probability`, `status`: what will be added to clusters and hosts. */
  readonly projectsTable?: string | undefined
  /** CSV with `time`, `driver`, `value` and optionally `group`, a business unit: numbers that metrics may follow. */
  readonly driversTable?: string | undefined
  /** CSV with `type`, `vcpu`, `mem_gib`, `monthly_usd`, `arch`: sizes in place of the shipped EC2 ones. */
  readonly catalogue?: string | undefined
  /** Forces one model for all series. */
  readonly model?: string | undefined
  /** Run folder whose consolidation is kept where it still fits. */
  readonly previousRun?: string | undefined
  /** ID of the run in its manifest; random by default. */
  readonly runId?: string | undefined
  /** Time that the run states for its analysis; now by default. */
  readonly analyzedAt?: Date | undefined
  readonly threads?: number | undefined
  /** Maximum memory, such as "1GB"; a quarter of the machine's memory by default. */
  readonly memoryLimit?: string | undefined
}

export interface LongWork<Event> {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: Event) => void) | undefined
}

export interface AnalysisWork extends LongWork<RunEvent> {
  /** Writes the two pictures; drawn by default. */
  readonly writePictures?: PictureWriter | undefined
  /** Called with the names of all servers before their risk is assessed; an error that it throws ends the analysis. */
  readonly checkServers?: ((servers: readonly string[]) => Promise<void>) | undefined
}

export interface AnalysisResult {
  readonly folder: string
  readonly manifest: RunManifest
  /** Null without an events table. */
  readonly events: EventReport | null
}
