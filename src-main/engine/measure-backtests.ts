// What the selected models' backtests tell: the season, the naive errors behind MASE, and the evidence that breaches are estimated from.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import type { Database } from '../database/database.ts'
import type { AssessedFleet } from './assess-fleet.ts'
import { naiveError, storeNaiveErrors } from './backtest/naive-errors.ts'
import { scanBacktests, type BacktestReader } from './backtest/scan-backtests.ts'
import { BreachEvidence, wantsBreaches } from './breach/breach-evidence.ts'
import { SeasonReader } from './season/assess-season.ts'
import type { SeasonReport } from './season/fleet-season.ts'

export interface MeasuredBacktests {
  readonly season: SeasonReport
  /** Null where no breach probabilities are wanted. */
  readonly evidence: BreachEvidence | null
}

/** Reads the selected models' rows once. Leaves `season_figures`, and completes `naive_errors`. Reads what `assessFleet` leaves. */
export const measureBacktests = async (
  database: Database,
  config: AnalysisConfig,
  { grid, hasNaiveErrors }: Pick<AssessedFleet, 'grid' | 'hasNaiveErrors'>,
): Promise<MeasuredBacktests> => {
  const { origin } = await database.row(
    'SELECT CAST(epoch_us(min(first_at)) AS DOUBLE) AS origin FROM series_models',
    z.object({ origin: z.number() }),
  )
  const season = await SeasonReader.open(database, config, grid, origin)
  const evidence = wantsBreaches(config) ? await BreachEvidence.open(database, grid) : null
  const naive: [series: number, error: number | null][] = []
  const readers: BacktestReader[] = [season, ...(evidence === null ? [] : [evidence])]
  if (!hasNaiveErrors) {
    readers.push({ read: ({ id, times, actual }) => naive.push([id, naiveError(times, actual, grid.lagSeconds * 1_000_000)]) })
  }
  await scanBacktests(database, { origin, withBounds: evidence !== null, mostSeries: season.mostSeries }, readers)
  if (!hasNaiveErrors) await storeNaiveErrors(database, naive)
  return { season: await season.finish(config), evidence }
}
