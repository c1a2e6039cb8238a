// The dataset's granularity: the most frequent step between consecutive times of a series.
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { Granularity } from '../../src-shared/run/run-manifest.ts'

export interface TimeGrid {
  /** The standard granularity nearest to the step. */
  readonly granularity: Granularity
  /** The step itself. */
  readonly stepSeconds: number
  /** Seasonal lag of MASE, seconds: 24 hours hourly, 7 days daily, 52 weeks weekly. */
  readonly lagSeconds: number
}

const hour = 3600
const day = 24 * hour

const standardGrids: readonly TimeGrid[] = [
  { granularity: 'hourly', stepSeconds: hour, lagSeconds: day },
  { granularity: 'daily', stepSeconds: day, lagSeconds: 7 * day },
  { granularity: 'weekly', stepSeconds: 7 * day, lagSeconds: 52 * 7 * day },
]

/** Looked at: the first 200 servers by name, all their metrics and models. That is every row of a small set and enough of a large one. */
const sampledServers = 200

/** SQL for the servers that are looked at. */
export const firstServersQuery = `SELECT DISTINCT server_id FROM forecast_rows ORDER BY server_id LIMIT ${sampledServers}`

/** SQL for the commonest step in seconds: one row, or none where no series has two times. */
export const commonestStepQuery = `
    WITH sample AS (${firstServersQuery}),
     steps AS (
       SELECT date_diff('second', lag(ts) OVER (PARTITION BY server_id, metric, model ORDER BY ts), ts) AS step
       FROM forecast_rows SEMI JOIN sample USING (server_id)
     )
     SELECT CAST(step AS DOUBLE) AS step FROM steps WHERE step > 0
     GROUP BY step ORDER BY count(*) DESC, step LIMIT 1`

export const detectGranularity = async (database: Database): Promise<TimeGrid> => {
  const [commonestStep] = await database.rows(commonestStepQuery, z.object({ step: z.number() }))
  if (commonestStep === undefined) return standardGrids[1]!
  const nearestGrid = standardGrids.find((grid) => commonestStep.step <= grid.stepSeconds * 2) ?? standardGrids.at(-1)!
  return { ...nearestGrid, stepSeconds: commonestStep.step }
}

/** Whether a step is one of the three that the analysis is made for. */
export const isStandardStep = (grid: TimeGrid): boolean => standardGrids.some(({ stepSeconds }) => stepSeconds === grid.stepSeconds)

/** "15 minutes", "2 days". */
export const describeSeconds = (seconds: number): string => {
  if (seconds % day === 0) return `${seconds / day} days`
  if (seconds % hour === 0) return `${seconds / hour} hours`
  if (seconds % 60 === 0) return `${seconds / 60} minutes`
  return `${seconds} seconds`
}
