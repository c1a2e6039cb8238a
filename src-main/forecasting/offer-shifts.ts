// Lasting changes of level as a warning that offers an event for each: the backtest rows of the old level, and those that knew nothing of the new one.
import { z } from 'zod'
import { isPercentMetric, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { Database } from '../database/database.ts'
import type { TimeGrid } from '../forecasts/time-grid.ts'
import { minShiftSeasons, type LevelShift } from './level-shift.ts'
import { rollingOrigins } from './rolling-origins.ts'
import { localStartMs, stepsOfWeek } from './step-calendar.ts'

/** `step` counts from the first slot. */
export interface FoundShift extends LevelShift {
  /** Its series_id. */
  readonly series: number
}

interface ForecastFrame {
  readonly grid: TimeGrid
  readonly firstSlot: number
  readonly horizon: number
  readonly series: {
    readonly metrics: readonly { readonly metric: string }[]
    /** The next three by series_id: position in `metrics`, slots. */
    readonly metric: Float64Array
    readonly firstSlot: Float64Array
    readonly lastSlot: Float64Array
  }
}

/** Offered events, at most. */
const maxOffers = 100
const namedShifts = 3

/** Of idle servers, smaller changes in percentage points need no event. */
const minPoints = 5

/** Changes before the backtest need no event either. Reads `measured_series`. */
export const offerShifts = async (
  database: Database,
  config: UnitConfig,
  shifts: readonly FoundShift[],
  frame: ForecastFrame,
): Promise<RunWarning[]> => {
  const offered = shifts.flatMap((shift) => {
    const { metric } = frame.series.metrics[frame.series.metric[shift.series]!]!
    const unaware = unawareSteps(shift, frame)
    const isSmall = isPercentMetric(config, metric) && Math.abs(shift.after - shift.before) < minPoints
    return unaware === null || isSmall ? [] : [{ ...shift, metric, unaware }]
  })
  const [first] = offered
  if (first === undefined) return []
  const dayOf = (step: number): string => new Date(localStartMs(frame.grid, frame.firstSlot + step)).toISOString().slice(0, 10)
  const named = offered.slice(0, maxOffers)
  const names = await database.rows(
    `SELECT series_id, server_id FROM measured_series WHERE series_id IN (${named.map(({ series }) => series).join(', ')}) ORDER BY series_id`,
    z.object({ series_id: z.number(), server_id: z.string() }),
  )
  const described = named.map((shift) => {
    const { metric, unaware } = shift
    const { server_id } = names.find(({ series_id }) => series_id === shift.series)!
    const change = `from ${levelText(shift.before)} to ${levelText(shift.after)} on ${dayOf(shift.step)}`
    const event: EventLine = {
      from: dayOf(unaware.first),
      to: dayOf(unaware.last),
      servers: server_id,
      group: '',
      metric,
      effect: '',
      note: `Level changed ${change}`,
    }
    return { text: `${server_id}, ${metric}: ${change}`, event }
  })
  const count = offered.length
  const examples = described.slice(0, namedShifts).map(({ text }) => text)
  return [
    {
      code: 'level-shifts',
      message: `${count.toLocaleString('en-US')} series changed ${count === 1 ? 'its' : 'their'} level for good: ${examples.join('; ')}. Was the capacity changed? The view Events offers ${count === 1 ? 'an event' : 'events'} for ${count > maxOffers ? `the first ${maxOffers}` : 'it'}.`,
      count,
      examples,
      // An events table separates names by semicolons.
      events: described.flatMap(({ event }) => (event.servers.includes(';') || event.servers === '*' ? [] : [event])),
    },
  ]
}

const levelText = (level: number): string => String(Number(level.toPrecision(3)))

/**
 * Steps from the first one of the backtest, or the change, to the last that is forecast from an origin too early to know of it; null without the latter.
 * Errors around the old level would draw simulated paths towards it.
 */
const unawareSteps = (
  { series, step }: FoundShift,
  { grid, firstSlot, horizon, series: slots }: ForecastFrame,
): { readonly first: number; readonly last: number } | null => {
  const [from, origin] = [slots.firstSlot[series]! - firstSlot, slots.lastSlot[series]! + 1 - firstSlot]
  const backtest = rollingOrigins(from, origin, horizon).slice(0, -1)
  const lastSteps = backtest
    .filter((window) => window.origin < step + minShiftSeasons * stepsOfWeek(grid) && window.origin + window.steps > step)
    .map((window) => window.origin + window.steps - 1)
  return lastSteps.length === 0 ? null : { first: Math.min(step, backtest[0]!.origin), last: Math.max(...lastSteps) }
}
