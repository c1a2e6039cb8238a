// series.parquet: one row per server and metric with the values of its selected model, as the views draw them.
import { z } from 'zod'

/** The columns, in their order. Lists have no NULL: a time without a value is left out. */
export const selectedSeriesColumns = [
  /** Place of the series among all, ordered by server and metric, from 0: the row of server_risk.parquet. */
  { name: 'series_number', type: 'whole' },
  /** Place of the server among all, ordered by name, from 0. */
  { name: 'server_number', type: 'whole' },
  { name: 'server_id', type: 'text' },
  { name: 'metric', type: 'text' },
  /** Microseconds between neighbouring values where all are equal; 0 where they are not, or where there are fewer than two. */
  { name: 'step_us', type: 'long' },
  /** Times of the values of `history`, then of those of `horizon`; the first alone where `step_us` says the others. */
  { name: 'times', type: 'time', isList: true },
  /** Before the horizon, in order of time: as measured, else as forecast. */
  { name: 'history', type: 'float', isList: true },
  /** The forecast of the horizon, in order of time. */
  { name: 'horizon', type: 'double', isList: true },
] as const

/** Under this key the footer notes, as JSON, which days of each metric are in a quarter-end window or a holiday. */
export const markedDaysNote = 'headroom.marked_days'

/** `day`: midnight on the run's clock, as if it were UTC, in milliseconds. */
export const markedDaySchema = z.object({ day: z.number(), is_eoq: z.boolean(), is_holiday: z.boolean() })
export type MarkedDay = z.infer<typeof markedDaySchema>
