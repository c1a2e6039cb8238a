// The metrics that an analysis is restricted to: those the forecasts lack are named, and at least one must be there.
import { z } from 'zod'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { Database } from '../database/database.ts'

export interface MetricChoice {
  /** Absent: all metrics. */
  readonly metrics?: readonly string[] | undefined
}

/** Reads `source`. Throws config-invalid if no chosen metric is there. */
export const findUnknownMetrics = async (
  database: Database,
  { name, expressions }: { readonly name: string; readonly expressions: { readonly metric: string } },
  { metrics }: MetricChoice,
): Promise<RunWarning[]> => {
  if (metrics === undefined) return []
  const rows = await database.rows(
    `SELECT DISTINCT ${expressions.metric} AS metric FROM source ORDER BY metric`,
    z.object({ metric: z.string() }),
  )
  const known = rows.map(({ metric }) => metric)
  const unknown = metrics.filter((metric) => !known.includes(metric))
  if (unknown.length === 0) return []
  const described = unknown.map((metric) => {
    const nearest = findNearestName(metric, known)
    return nearest === undefined ? metric : `${metric} (nearest: ${nearest})`
  })
  if (unknown.length === metrics.length) {
    throw new HeadroomError('config-invalid', `${name} has none of the metrics ${described.join(', ')}.`, {
      next: `Choose from ${known.slice(0, maxNamed).join(', ')}.`,
    })
  }
  return [
    {
      code: 'unknown-metrics',
      message: `No forecast has these chosen metrics: ${described.join(', ')}.`,
      count: unknown.length,
      examples: described.slice(0, 3),
    },
  ]
}

const maxNamed = 20
