// Columns of a heatmap and the times at which they begin.
import { hasMonths, monthAt, monthsIn, monthStartMs } from './format.ts'
import { zoneClock } from '../run/zone-clock.ts'
import type { HeatmapData } from './chart-data.ts'

type Columns = Pick<HeatmapData, 'startMs' | 'stepMs' | 'columnZone'>

/** Start of a column, milliseconds UTC; a fraction lies inside the column. Columns of months begin with their month. */
export const columnStartMs = ({ startMs, stepMs, columnZone }: Columns, column: number): number => {
  const { toLocal, toInstant } = zoneClock(columnZone)
  return hasMonths(stepMs)
    ? toInstant(monthStartMs(monthAt(toLocal(startMs)) + Math.floor(column) * monthsIn(stepMs)))
    : toInstant(toLocal(startMs) + column * stepMs)
}

/** The column that is drawn at a time, with its fraction; below 0 before the first one. All columns are drawn equally wide. */
export const columnPosition = ({ startMs, stepMs, columnZone }: Columns, timeMs: number): number => {
  const { toLocal } = zoneClock(columnZone)
  return (toLocal(timeMs) - toLocal(startMs)) / stepMs
}
