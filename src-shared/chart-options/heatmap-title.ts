// The title of a heatmap, which states the finding, and the subtitle: metric, time range and aggregation.
import { agreeNumber } from '../run/agree-number.ts'
import { metricLabel } from '../artefacts/metric-label.ts'
import type { HeatmapData } from './chart-data.ts'
import { type ChartFormatting, formatMoment, hasMonths } from './format.ts'
import { columnStartMs } from './heatmap-columns.ts'
import { reductionLabel } from './heatmap-cell.ts'

const dayMs = 86_400_000
const lastColumnMs = (data: HeatmapData): number => columnStartMs(data, Math.max(0, data.columns - 1))

/** "80 %", or "its threshold" where thresholds differ between servers; null without thresholds. */
const thresholdLabel = (data: HeatmapData, formatting: ChartFormatting, isSingular: boolean): string | null => {
  if (data.highThreshold !== null) return formatting.value(data.highThreshold, data.unit)
  if (data.rows.every((row) => row.riskLevel === null)) return null
  return isSingular ? 'its threshold' : 'their thresholds'
}

/** "15 of 120 servers exceed 80 % by 31 March". `end`: the last period. */
export const heatmapTitle = (data: HeatmapData, formatting: ChartFormatting, end = lastColumnMs(data)): string => {
  const { servers, atRisk } = data.counts
  if (servers === 0 || data.rows.length === 0) return 'No servers to show'
  const date =
    data.stepMs < dayMs
      ? `${formatting.time(end)} on ${formatting.day(end)}`
      : hasMonths(data.stepMs)
        ? formatting.monthAndYear(end)
        : formatting.day(end)
  const fleet = agreeNumber(`${formatting.count(servers)} [server|servers]`, servers)
  const threshold = thresholdLabel(data, formatting, atRisk <= 1)
  if (threshold === null) return `${metricLabel(data.metric)} of ${servers === 1 ? 'one server' : fleet} until ${date}`
  if (servers === 1) {
    return `The server ${atRisk === 1 ? `exceeds ${threshold} by` : `stays below ${threshold} until`} ${date}`
  }
  if (atRisk === 0) return `None of ${fleet} exceeds ${threshold} by ${date}`
  if (atRisk === servers) return `All ${fleet} exceed ${threshold} by ${date}`
  return `${formatting.count(atRisk)} of ${fleet} ${atRisk === 1 ? 'exceeds' : 'exceed'} ${threshold} by ${date}`
}

/** Metric and unit, time range with its zone, and the aggregation of rows and cells. */
export const heatmapSubtitle = (data: HeatmapData, formatting: ChartFormatting): string => {
  const shown = data.rows.reduce((sum, row) => sum + row.servers, 0)
  const parts = [
    data.unit === '' ? metricLabel(data.metric) : `${metricLabel(data.metric)}, ${data.unit}`,
    `${formatMoment(data.startMs, data.stepMs, formatting)} – ${formatMoment(lastColumnMs(data), data.stepMs, formatting)} ${formatting.clock.zone}`,
  ]
  if (data.rows.length < shown) {
    parts.push(`${formatting.count(shown)} servers in ${formatting.count(data.rows.length)} rows, ${reductionLabel(data)} of each row`)
  }
  if (shown < data.counts.servers) {
    parts.push(
      `${formatting.count(shown)} of ${agreeNumber(`${formatting.count(data.counts.servers)} [server|servers]`, data.counts.servers)}`,
    )
  }
  return parts.join('  ·  ')
}
