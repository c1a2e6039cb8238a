// What the selected models' backtests tell: the season, the naive errors behind MASE, and the evidence that breaches are estimated from.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import type { Database } from '../database/database.ts'
import type { AssessedFleet } from './assess-fleet.ts'
import { naiveError, storeNaiveErrors } from './backtest/naive-errors.ts'
import { scanBacktests, type BacktestReader } from './backtest/scan-backtests.ts'
import { BreachEvidence, wantsBreaches } from './breach/breach-evidence.ts'
import type { HeededEvents } from './events/assess-events.ts'
import { readSeriesNames } from './events/event-targets.ts'
import { EventFilter } from './events/leave-out-events.ts'
import { SeasonReader } from './season/assess-season.ts'
import type { SeasonReport } from './season/fleet-season.ts'

export interface MeasuredBacktests {
  readonly season: SeasonReport
  /** Null where no breach probabilities are wanted. */
  readonly evidence: BreachEvidence | null
  /** Null without an events table. */
  readonly events: HeededEvents | null
}

/** Reads the selected models' rows once. Leaves `season_figures`, and completes `naive_errors`. Reads what `assessFleet` leaves. */
export const measureBacktests = async (
  database: Database,
  config: AnalysisConfig,
  { grid, hasNaiveErrors, ledger }: Pick<AssessedFleet, 'grid' | 'hasNaiveErrors' | 'ledger'>,
): Promise<MeasuredBacktests> => {
  const { origin } = await database.row(
    'SELECT CAST(epoch_us(min(first_at)) AS DOUBLE) AS origin FROM series_models',
    z.object({ origin: z.number() }),
  )
  const season = await SeasonReader.open(database, config, grid, origin)
  const evidence = wantsBreaches(config) ? await BreachEvidence.open(database, grid) : null
  const naive: [series: number, error: number | null][] = []
  const heeding: BacktestReader[] = [season, ...(evidence === null ? [] : [evidence])]
  const filter = ledger === null ? null : new EventFilter(heeding, ledger.events, await readSeriesNames(database), grid, origin)
  // Past events count as errors of the model alone.
  const readers: BacktestReader[] = filter === null ? heeding : [filter]
  if (!hasNaiveErrors) {
    readers.push({ read: ({ id, times, actual }) => naive.push([id, naiveError(times, actual, grid.lagSeconds * 1_000_000)]) })
  }
  await scanBacktests(database, { origin, withBounds: evidence !== null, mostSeries: season.mostSeries }, readers)
  if (!hasNaiveErrors) await storeNaiveErrors(database, naive)
  const events = ledger === null || filter === null ? null : { ledger, leftOut: filter.leftOut() }
  return { season: await season.finish(config), evidence, events }
}
