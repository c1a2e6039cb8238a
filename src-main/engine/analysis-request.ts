// What an analysis is asked for, how it reports and what it returns: the engine's one entry shape for command line, window and cloud.
import type { AnalysisMethod } from '../../src-shared/config/analysis-config.ts'
import type { EventReport } from '../../src-shared/artefacts/event-report.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'

export interface AnalysisRequest {
  /** Parquet files, folders, globs or Hive-partitioned trees of one forecast set. */
  readonly inputs: readonly string[]
  /** Run folder to make; must not exist or be empty. */
  readonly out: string
  readonly method: AnalysisMethod
  /** What the user set, by the names of analysis-config; parsed and completed by the engine. */
  readonly config: Readonly<Record<string, unknown>>
  /** CSV or Parquet with `server_id` and any of business_unit, region, criticality, monthly_cost_usd, capacity_units, lead_time_days. */
  readonly serversTable?: string | undefined
  /** CSV with `from`, `to`, `servers` or `group`, `metric`, `effect`, `note`: one-off events. */
  readonly eventsTable?: string | undefined
  /** Forces one model for all series. */
  readonly model?: string | undefined
  /** Name of the run in its manifest; absent: a random one. */
  readonly runId?: string | undefined
  readonly threads?: number | undefined
  /** What the analysis may take, a size such as "1GB"; absent: a quarter of the machine's memory. */
  readonly memoryLimit?: string | undefined
}

export interface LongWork<Event> {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: Event) => void) | undefined
}

export type AnalysisWork = LongWork<RunEvent>

export interface AnalysisResult {
  readonly folder: string
  readonly manifest: RunManifest
  /** Null without an events table. */
  readonly events: EventReport | null
}
