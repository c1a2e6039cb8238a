// Finds the cell of a heatmap at a point, and describes it for the tooltip: server, time and value.
import type { HeatmapData, HeatmapRow } from './chart-data.ts'
import { columnPosition, columnStartMs } from './heatmap-columns.ts'
import { type ChartFormatting, formatMoment, toPrintable } from './format.ts'

export interface HeatmapCell {
  readonly row: HeatmapRow
  readonly rowIndex: number
  readonly column: number
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
  /** NaN: no value. */
  readonly value: number
  readonly isForecast: boolean
}

/** The cell under a time and a row (whole or fractional row index counted from the top); null outside the matrix. */
export const cellAt = (data: HeatmapData, timeMs: number, rowIndex: number): HeatmapCell | null => {
  const column = Math.floor(columnPosition(data, timeMs))
  const wholeRow = Math.floor(rowIndex)
  const row = data.rows[wholeRow]
  if (row === undefined || !(column >= 0 && column < data.columns)) return null
  const fromMs = columnStartMs(data, column)
  return {
    row,
    rowIndex: wholeRow,
    column,
    fromMs,
    toMs: columnStartMs(data, column + 1),
    value: data.values[wholeRow * data.columns + column] ?? Number.NaN,
    isForecast: fromMs >= data.horizonStartMs,
  }
}

const reductionLabels = { max: 'highest', p95: '95th percentile', mean: 'mean' } as const

/** Label of the aggregation of binned cells: "highest", "95th percentile", "mean". */
export const reductionLabel = (data: HeatmapData): string => reductionLabels[data.reduction]

export interface CellDescription {
  readonly serverText: string
  readonly timeText: string
  readonly valueText: string
  /** Risk of the row, exceeded threshold and marks of the day, one line each. */
  readonly notes: readonly string[]
}

export const describeCell = (data: HeatmapData, cell: HeatmapCell, formatting: ChartFormatting): CellDescription => {
  const { row, value } = cell
  const kind = cell.isForecast ? 'forecast' : 'measured'
  const notes: string[] = []
  if (data.highThreshold !== null && value > data.highThreshold) {
    const exceededThreshold =
      data.veryHighThreshold !== null && value > data.veryHighThreshold ? data.veryHighThreshold : data.highThreshold
    notes.push(`above ${formatting.value(exceededThreshold, data.unit)}`)
  }
  for (const mark of data.marks) {
    if (mark.fromMs < cell.toMs && mark.toMs > cell.fromMs) notes.push(mark.label)
  }
  if (row.riskLevel !== null) notes.push(`${row.riskLevel} risk`)
  // Merged hours begin at any hour of a zone's day.
  const beginsWithDay = data.columnZone === formatting.clock.zone
  return {
    serverText: toPrintable(row.label),
    timeText: formatMoment(cell.fromMs, beginsWithDay ? data.stepMs : 0, formatting),
    valueText: Number.isNaN(value)
      ? 'no data'
      : `${formatting.value(value, data.unit)} ${kind}${row.servers > 1 ? `, ${reductionLabel(data)}` : ''}`,
    notes,
  }
}
