// An open run: its database with the two relations, the folder's contents, and data derived for the charts.
import type { TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Database } from '../../database/database.ts'
import type { PeriodGrid } from '../../forecasts/heatmap-rules.ts'
import type { RunContents } from './run-contents.ts'

export interface OpenRun {
  readonly contents: RunContents
  /** Holds the relations `flagged` and `server_risk`. */
  readonly database: Database
  readonly overview: RunOverview
  /** The zone whose days the run counts; valid for all its times. */
  readonly zone: TimeZone
  /** Name of each holiday by its date, YYYY-MM-DD; computed at first use, because the calendar library is slow to load. */
  readonly holidayNames: () => Promise<ReadonlyMap<string, string>>
  /** By metric, created at first use. */
  readonly grids: Map<string, Promise<SeriesGrid>>
  readonly close: () => Promise<void>
}

/** Values of one metric by the selected models, on a regular grid. */
export interface SeriesGrid extends PeriodGrid {
  readonly metric: string
  /** A SELECT of `server_id`, `ts` and `value`: measured in the history, forecast in the horizon. Servers are numbered from 1 by table `server_key`. */
  readonly cellsSql: string
  /** Rows of the file they come from, where a condition on `row_number` can select a part of them; else null. */
  readonly rows: number | null
  readonly servers: number
  readonly periods: number
  /** First period of the horizon; `periods` where there is none. */
  readonly horizonPeriod: number
  readonly marks: readonly TimeMark[]
}

export const requireMetricUnit = (run: OpenRun, metric: string): string => {
  const found = run.overview.metrics.find(({ name }) => name === metric)
  if (found === undefined) throw new HeadroomError('query-refused', `The run has no metric "${metric}".`)
  return found.unit
}
