// The grid of each series of a dataset whose series differ in their steps.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'

const daySeconds = 86_400

/** Mean distance of times without a gap. */
const meanSeconds = ({ step, stepSeconds }: TimeGrid): number => {
  if (step.unit === 'business day') return (daySeconds * 7) / 5
  return step.unit === 'month' ? (daySeconds * 365.25 * step.count) / 12 : stepSeconds
}

/** Lets a series begin and end within a step. */
const tolerance = 1.05

/**
 * SQL for the place of a series' grid among `grids`, over its rows of `series_models`. It is the longest step that the mean distance of its times
 * reaches, since gaps lengthen that distance.
 */
export const seriesGridSql = (grids: readonly TimeGrid[]): string => {
  const byLength = grids.map((grid, at) => ({ at, seconds: meanSeconds(grid) })).sort((a, b) => b.seconds - a.seconds)
  const shortest = byLength.at(-1)!.at
  const meanDistance = "min(date_diff('second', first_at, last_at) / (row_count - 1)) FILTER (row_count > 1)"
  const cases = byLength.map(({ at, seconds }) => `WHEN ${meanDistance} * ${tolerance} >= ${seconds} THEN ${at}`)
  return `CAST(CASE WHEN ${meanDistance} IS NULL THEN 0 ${cases.join(' ')} ELSE ${shortest} END AS INTEGER)`
}

/** Creates `series_grids` (series_id, grid). Reads `series_models`, `series`, and no rows. */
export const storeSeriesGrids = async (database: Database, grids: readonly TimeGrid[]): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE series_grids AS
    SELECT series_id, grid
    FROM (SELECT server_id, metric, ${seriesGridSql(grids)} AS grid FROM series_models GROUP BY ALL)
    JOIN series USING (server_id, metric) ORDER BY series_id`)
}

/** The grid of each series, by its id. */
export const readSeriesGrids = async (database: Database, grids: readonly TimeGrid[]): Promise<(seriesId: number) => TimeGrid> => {
  const [only, ...others] = grids
  if (others.length === 0) return () => only!
  const rows = await database.rows('SELECT series_id, grid FROM series_grids', z.object({ series_id: z.number(), grid: z.number() }))
  const byId = new Map(rows.map(({ series_id, grid }) => [series_id, grids[grid]!]))
  return (id) => byId.get(id) ?? only!
}

/** SQL that adds `grid` to rows with a `series_id`; nothing where all series have one step. */
export const joinGridsSql = (grids: readonly TimeGrid[]): string => (grids.length === 1 ? '' : 'JOIN series_grids USING (series_id)')
