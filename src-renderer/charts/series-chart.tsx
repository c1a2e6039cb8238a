// A server's line at drawer size: measured, then forecast, with the threshold and the start of the horizon.
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
  const last = timesMs.at(-1)
  if (last === undefined) return null
  const first = firstShown(timesMs, horizonStartMs, last)
  const greatest = greatestOf(measured, forecast, threshold)
  const top = unit === '%' ? Math.max(100, greatest) : greatest * 1.05 || 1
  const xOf = (timeMs: number): number => plot.left + ((timeMs - first) / Math.max(1, last - first)) * (plot.right - plot.left)
  const yOf = (value: number): number => plot.bottom - (value / top) * (plot.bottom - plot.top)
  const isAhead = (timeMs: number): boolean => horizonStartMs !== null && timeMs >= horizonStartMs
  const past = linePath(timesMs, measured, xOf, yOf, (timeMs) => timeMs >= first)
  const ahead = linePath(timesMs, forecast, xOf, yOf, isAhead)
  return (
    <svg className="series-chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={props.label}>
      <line className="series-base" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
      {horizonStartMs !== null && (
        <line className="series-split" x1={xOf(horizonStartMs)} x2={xOf(horizonStartMs)} y1={plot.top - 8} y2={plot.bottom} />
      )}
      {threshold !== null && <line className="series-threshold" x1={plot.left} x2={plot.right} y1={yOf(threshold)} y2={yOf(threshold)} />}
      <path className="series-measured" d={past} />
      <path className="series-forecast" d={ahead} />
      {threshold !== null && (
        <text className="series-word" x={plot.left} y={yOf(threshold) + (isMostlyAbove(forecast, threshold) ? 13 : -4)}>
          {formatting.value(threshold, unit)}
        </text>
      )}
      <text className="series-word" x={plot.left} y={height - 6}>
        {formatDate(first)}
      </text>
      <text className="series-word" x={plot.right} y={height - 6} textAnchor="end">
        {formatDate(last)}
      </text>
    </svg>
  )
}

const greatestOf = (measured: Float32Array, forecast: Float32Array, threshold: number | null): number => {
  let greatest = threshold ?? 0
  for (const values of [measured, forecast]) for (const value of values) if (value > greatest) greatest = value
  return greatest
}

/** The threshold's label stands on the emptier side of its line. */
const isMostlyAbove = (values: Float32Array, threshold: number): boolean => {
  let above = 0
  for (const value of values) if (value > threshold) above += 1
  return above * 2 > values.length
}

/** Three times as much history as horizon: a longer line would be a smear at this size. */
const firstShown = (timesMs: Float64Array, horizonStartMs: number | null, last: number): number => {
  const from = horizonStartMs === null ? Number.NEGATIVE_INFINITY : horizonStartMs - 3 * (last - horizonStartMs)
  return timesMs.find((timeMs) => timeMs >= from) ?? last
}

/** Gaps interrupt the line. */
const linePath = (
  timesMs: Float64Array,
  values: Float32Array,
  xOf: (timeMs: number) => number,
  yOf: (value: number) => number,
  isShown: (timeMs: number) => boolean,
): string => {
  let path = ''
  let isDown = false
  timesMs.forEach((timeMs, index) => {
    const value = values[index] ?? Number.NaN
    if (Number.isNaN(value) || !isShown(timeMs)) {
      isDown = false
      return
    }
    path += `${isDown ? 'L' : 'M'}${xOf(timeMs).toFixed(1)} ${yOf(value).toFixed(1)}`
    isDown = true
  })
  return path
}
