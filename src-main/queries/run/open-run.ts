// A run that is open: its database with the two relations, what the folder holds, and what was derived for the charts.
import type { TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import type { Database } from '../../database/database.ts'
import type { RunContents } from './run-contents.ts'

export interface OpenRun {
  readonly contents: RunContents
  /** Holds the relations `flagged` and `server_risk`. */
  readonly database: Database
  readonly overview: RunOverview
  /** Name of each holiday by its date, YYYY-MM-DD; worked out at the first need, for the calendar of the world takes its time to load. */
  readonly holidayNames: () => Promise<ReadonlyMap<string, string>>
  /** Made at the first need, by metric. */
  readonly grids: Map<string, Promise<SeriesGrid>>
  readonly close: () => void
}

/** The accountable models' values of one metric, on a regular grid. */
export interface SeriesGrid {
  /** A SELECT of `server_id`, `ts` and `value`: measured in the history, forecast in the horizon. Servers are numbered from 1 by table `server_key`. */
  readonly cellsSql: string
  /** Rows of the file that they come from, of which a part can be read by a condition on `row_number`; null where it cannot. */
  readonly rows: number | null
  readonly servers: number
  /** Start of period 0. */
  readonly originMs: number
  readonly periods: number
  readonly stepMs: number
  /** First period of the horizon; `periods` where there is none. */
  readonly horizonPeriod: number
  readonly marks: readonly TimeMark[]
}

export const requireMetricUnit = (run: OpenRun, metric: string): string => {
  const found = run.overview.metrics.find(({ name }) => name === metric)
  if (found === undefined) throw new HeadroomError('query-refused', `The run has no metric "${metric}".`)
  return found.unit
}
