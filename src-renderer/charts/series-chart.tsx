// The small chart of a server in the drawer: measurements, forecast, threshold and start of the horizon.
import { formatDate, formatting } from '../theme/formatting.ts'

export interface SeriesChartProps {
  readonly label: string
  readonly unit: string
  readonly timesMs: Float64Array
  readonly measured: Float32Array
  readonly forecast: Float32Array
  readonly horizonStartMs: number | null
  readonly threshold: number | null
}

const width = 308
const height = 136
const plot = { left: 4, right: width - 4, top: 16, bottom: height - 20 }

export const SeriesChart = (props: SeriesChartProps) => {
  const { timesMs, measured, forecast, horizonStartMs, threshold, unit } = props
  const lastMs = timesMs.at(-1)
  if (lastMs === undefined) return null
  const firstMs = firstVisibleMs(timesMs, horizonStartMs, lastMs)
  const maximum = maxValue(measured, forecast, threshold)
  const top = unit === '%' ? Math.max(100, maximum) : maximum * 1.05 || 1
  const toX = (timeMs: number): number => plot.left + ((timeMs - firstMs) / Math.max(1, lastMs - firstMs)) * (plot.right - plot.left)
  const toY = (value: number): number => plot.bottom - (value / top) * (plot.bottom - plot.top)
  const isInHorizon = (timeMs: number): boolean => horizonStartMs !== null && timeMs >= horizonStartMs
  const measuredPath = linePath(timesMs, measured, toX, toY, (timeMs) => timeMs >= firstMs)
  const forecastPath = linePath(timesMs, forecast, toX, toY, isInHorizon)
  return (
    <svg className="series-chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={props.label}>
      <line className="series-base" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
      {horizonStartMs !== null && (
        <line className="series-split" x1={toX(horizonStartMs)} x2={toX(horizonStartMs)} y1={plot.top - 8} y2={plot.bottom} />
      )}
      {threshold !== null && <line className="series-threshold" x1={plot.left} x2={plot.right} y1={toY(threshold)} y2={toY(threshold)} />}
      <path className="series-measured" d={measuredPath} />
      <path className="series-forecast" d={forecastPath} />
      {threshold !== null && (
        <text className="series-word" x={plot.left} y={toY(threshold) + (isMostlyAbove(forecast, threshold) ? 13 : -4)}>
          {formatting.value(threshold, unit)}
        </text>
      )}
      <text className="series-word" x={plot.left} y={height - 6}>
        {formatDate(firstMs)}
      </text>
      <text className="series-word" x={plot.right} y={height - 6} textAnchor="end">
        {formatDate(lastMs)}
      </text>
    </svg>
  )
}

const maxValue = (measured: Float32Array, forecast: Float32Array, threshold: number | null): number => {
  let maximum = threshold ?? 0
  for (const values of [measured, forecast]) for (const value of values) if (value > maximum) maximum = value
  return maximum
}

/** Places the threshold label on the emptier side of its line. */
const isMostlyAbove = (values: Float32Array, threshold: number): boolean => {
  let above = 0
  for (const value of values) if (value > threshold) above += 1
  return above * 2 > values.length
}

/** History of three times the horizon; more is not readable at this size. */
const firstVisibleMs = (timesMs: Float64Array, horizonStartMs: number | null, lastMs: number): number => {
  const fromMs = horizonStartMs === null ? Number.NEGATIVE_INFINITY : horizonStartMs - 3 * (lastMs - horizonStartMs)
  return timesMs.find((timeMs) => timeMs >= fromMs) ?? lastMs
}

/** Gaps interrupt the line. */
const linePath = (
  timesMs: Float64Array,
  values: Float32Array,
  toX: (timeMs: number) => number,
  toY: (value: number) => number,
  isVisible: (timeMs: number) => boolean,
): string => {
  let path = ''
  let isPenDown = false
  timesMs.forEach((timeMs, index) => {
    const value = values[index] ?? Number.NaN
    if (Number.isNaN(value) || !isVisible(timeMs)) {
      isPenDown = false
      return
    }
    path += `${isPenDown ? 'L' : 'M'}${toX(timeMs).toFixed(1)} ${toY(value).toFixed(1)}`
    isPenDown = true
  })
  return path
}
