// The heatmap as a table: risk, highest measurement and forecast with their times, and first breach per row.
import type { HeatmapData } from '../../src-shared/chart-options/chart-data.ts'
import { columnPosition, columnStartMs } from '../../src-shared/chart-options/heatmap-columns.ts'
import { isoText, type ZoneClock } from '../../src-shared/run/zone-clock.ts'

export interface HeatmapTable {
  readonly columns: readonly string[]
  /** Times as ISO 8601 with the local offset, values in the metric's unit; null where no value exists. */
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** Covers the visible part of the matrix. */
export const createHeatmapTable = (data: HeatmapData, clock: ZoneClock): HeatmapTable => {
  const instant = (column: number): string => isoText(clock, columnStartMs(data, column))
  const firstForecastColumn = Math.max(0, Math.min(data.columns, Math.ceil(columnPosition(data, data.horizonStartMs))))
  const findMax = (row: number, from: number, to: number): [number | null, string | null] => {
    let maxColumn = -1
    for (let column = from; column < to; column++) {
      const value = data.values[row * data.columns + column] ?? Number.NaN
      if (!Number.isNaN(value) && (maxColumn < 0 || value > (data.values[row * data.columns + maxColumn] ?? Number.NaN))) maxColumn = column
    }
    return maxColumn < 0 ? [null, null] : [data.values[row * data.columns + maxColumn] ?? null, instant(maxColumn)]
  }
  const firstAbove = (row: number): string | null => {
    const threshold = data.highThreshold ?? Infinity
    for (let column = firstForecastColumn; column < data.columns; column++) {
      if ((data.values[row * data.columns + column] ?? Number.NaN) > threshold) return instant(column)
    }
    return null
  }
  const withUnit = (name: string): string => (data.unit === '' ? name : `${name}, ${data.unit}`)
  return {
    columns: [
      'server',
      'servers',
      'risk',
      withUnit('highest measured'),
      'at',
      withUnit('highest forecast'),
      'at ',
      'first above the threshold',
    ],
    rows: data.rows.map(({ label, servers, riskLevel }, row) => [
      label,
      servers,
      riskLevel,
      ...findMax(row, 0, firstForecastColumn),
      ...findMax(row, firstForecastColumn, data.columns),
      firstAbove(row),
    ]),
  }
}
