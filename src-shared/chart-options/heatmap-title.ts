// What a heatmap says in words: the finding as its title, metric, span and reduction below.
import type { HeatmapData } from './chart-data.ts'
import { type ChartFormatting, formatMoment } from './format.ts'
import { reductionWord } from './heatmap-cell.ts'

const dayMs = 86_400_000
const lastMs = (data: HeatmapData): number => data.startMs + Math.max(0, data.columns - 1) * data.stepMs

/** "15 of 120 servers exceed 80 % by 31 March". */
export const heatmapTitle = (data: HeatmapData, formatting: ChartFormatting): string => {
  const { servers, atRisk } = data.counts
  const fleet = servers === 1 ? 'server' : `${formatting.count(servers)} servers`
  const end = lastMs(data)
  const by = data.stepMs < dayMs ? `${formatting.time(end)} on ${formatting.day(end)}` : formatting.day(end)
  if (data.highThreshold === null)
    return `${data.metric} of ${servers === 1 ? 'one' : ''} ${fleet} until ${by}`.replace('  ', ' ')
  const threshold = formatting.value(data.highThreshold, data.unit)
  if (servers === 0) return 'No servers to show'
  if (servers === 1)
    return `The server ${atRisk === 1 ? 'exceeds' : 'stays within'} ${threshold} ${atRisk === 1 ? 'by' : 'until'} ${by}`
  if (atRisk === 0) return `None of ${fleet} exceeds ${threshold} by ${by}`
  if (atRisk === servers) return `All ${fleet} exceed ${threshold} by ${by}`
  return `${formatting.count(atRisk)} of ${fleet} ${atRisk === 1 ? 'exceeds' : 'exceed'} ${threshold} by ${by}`
}

/** Metric and unit, span in UTC, and how rows and cells came about. */
export const heatmapSubtitle = (data: HeatmapData, formatting: ChartFormatting): string => {
  const shown = data.rows.reduce((sum, row) => sum + row.servers, 0)
  const parts = [
    data.unit === '' ? data.metric : `${data.metric}, ${data.unit}`,
    `${formatMoment(data.startMs, data.stepMs, formatting)} – ${formatMoment(lastMs(data), data.stepMs, formatting)} UTC`,
  ]
  if (data.rows.length < shown) {
    parts.push(
      `${formatting.count(shown)} servers in ${formatting.count(data.rows.length)} rows, ${reductionWord(data)} of each row`,
    )
  }
  if (shown < data.counts.servers) {
    parts.push(`${formatting.count(shown)} of ${formatting.count(data.counts.servers)} servers`)
  }
  return parts.join('  ·  ')
}
