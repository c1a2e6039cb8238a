// The chart of one server: measurements, forecasts, interval, thresholds, quarter ends, holidays, events and first breach.
import type { CustomSeriesOption, EChartsOption, LineSeriesOption } from 'echarts'
import type { TimeMark } from '../../src-shared/chart-options/chart-data.ts'
import { escapeHtml, toPrintable } from '../../src-shared/chart-options/format.ts'
import { formatChartMoment, createBaseOption, createTooltip, createTimeAxis, createValueAxis, type ChartContext } from './chart-axes.ts'
import { timeMark, valueMark } from './chart-marks.ts'
import type { LegendEntry } from './chart-frame.tsx'
import { fontSizes } from '../../src-shared/chart-options/title.ts'

export interface ServerSeriesData {
  readonly unit: string
  readonly stepMs: number
  readonly model: string
  readonly timesMs: Float64Array
  /** NaN where no value exists. */
  readonly measured: Float32Array
  readonly forecast: Float32Array
  readonly lower: Float32Array
  readonly upper: Float32Array
  /** Points by which recalibration widens the interval; null: unchanged. */
  readonly margin: number | null
  /** The same by thirds of the horizon, which counts instead where it is known. */
  readonly marginsByThird: readonly [number, number, number] | null
  readonly otherModels: readonly { readonly model: string; readonly timesMs: Float64Array; readonly forecast: Float32Array }[]
  readonly marks: readonly TimeMark[]
  readonly horizonStartMs: number | null
  /** Events of the event calendar for this server. */
  readonly events: readonly { readonly note: string; readonly fromMs: number; readonly untilMs: number }[]
  /** The forecast with future events; null where none changes it. */
  readonly adjustedForecast: { readonly timesMs: Float64Array; readonly forecast: Float32Array } | null
  readonly highThreshold: number | null
  readonly veryHighThreshold: number | null
  readonly firstBreachMs: number | null
  /** P95 of the simulated paths over the horizon, with its 80 % interval; null where it is not known. */
  readonly p95: { readonly median: number; readonly low: number; readonly high: number } | null
  /** The visible time range, `toMs` exclusive. */
  readonly fromMs: number
  readonly toMs: number
}

type Point = [number, number | null]

const createPoints = (timesMs: Float64Array, values: Float32Array, isShown: (timeMs: number) => boolean): Point[] => {
  const points: Point[] = []
  timesMs.forEach((timeMs, index) => {
    const value = values[index] ?? Number.NaN
    if (isShown(timeMs)) points.push([timeMs, Number.isNaN(value) ? null : value])
  })
  return points
}

const createLine = (id: string, name: string, color: string, data: Point[], change: Partial<LineSeriesOption> = {}): LineSeriesOption => ({
  type: 'line',
  id,
  name,
  data,
  showSymbol: false,
  symbolSize: 5,
  // Downsampled to the available width; minima and maxima stay.
  sampling: 'minmax',
  emphasis: { disabled: true },
  color,
  lineStyle: { color, width: 1.25 },
  ...change,
})

/** Lower and upper bound of the interval, widened by the margin; null without bounds. */
export const intervalAt = (data: ServerSeriesData, index: number): readonly [number, number] | null => {
  const { lower, upper } = data
  const low = lower[index] ?? Number.NaN
  const high = upper[index] ?? Number.NaN
  if (Number.isNaN(low) || Number.isNaN(high)) return null
  const margin = marginAt(data, data.timesMs[index] ?? Number.NaN)
  return [low - margin, high + margin]
}

const marginAt = ({ margin, marginsByThird, horizonStartMs, toMs }: ServerSeriesData, timeMs: number): number => {
  if (marginsByThird === null || horizonStartMs === null) return margin ?? 0
  const third = Math.floor((3 * (timeMs - horizonStartMs)) / (toMs - horizonStartMs))
  return marginsByThird[Math.min(2, Math.max(0, third))] ?? 0
}

/** One polygon per gapless segment of the horizon. */
const bandSeries = (data: ServerSeriesData, chart: ChartContext): CustomSeriesOption => {
  const segments: [number, number, number][][] = [[]]
  data.timesMs.forEach((timeMs, index) => {
    const isForecast = data.horizonStartMs !== null && timeMs >= data.horizonStartMs && timeMs < data.toMs
    const band = isForecast ? intervalAt(data, index) : null
    if (band === null) segments.push([])
    else segments.at(-1)?.push([timeMs, ...band])
  })
  const drawableSegments = segments.filter((segment) => segment.length > 1)
  return {
    type: 'custom',
    id: 'band',
    name: 'interval',
    silent: true,
    z: 1,
    // One item per segment; renderItem looks up the points.
    data: drawableSegments.map((segment, index) => [segment[0]?.[0] ?? 0, segment[0]?.[1] ?? 0, index]),
    encode: { x: 0, y: 1 },
    clip: true,
    renderItem: (params, api) => {
      const segment = drawableSegments[params.dataIndex] ?? []
      const above = segment.map(([timeMs, , high]) => api.coord([timeMs, high]))
      const below = segment.map(([timeMs, low]) => api.coord([timeMs, low])).reverse()
      return { type: 'polygon', shape: { points: [...above, ...below] as number[][] }, style: { fill: chart.theme.accent, opacity: 0.16 } }
    },
  }
}

const maxShownValue = (data: ServerSeriesData): number => {
  let max = data.highThreshold ?? 0
  data.timesMs.forEach((timeMs, index) => {
    if (timeMs < data.fromMs || timeMs >= data.toMs) return
    for (const value of [data.measured[index], data.forecast[index], intervalAt(data, index)?.[1], data.p95?.high]) {
      if (value !== undefined && value > max) max = value
    }
  })
  data.adjustedForecast?.forecast.forEach((value, index) => {
    const timeMs = data.adjustedForecast?.timesMs[index] ?? Number.NaN
    if (timeMs >= data.fromMs && timeMs < data.toMs && value > max) max = value
  })
  return max
}

const p95Color = ({ theme }: ChartContext): string => theme.clusterColors[4] ?? theme.muted

const eventColor = ({ theme }: ChartContext): string => theme.clusterColors[2] ?? theme.muted

/** The legend of the chart; `intervalLabel` null: no interval. */
export const createServerSeriesLegend = (data: ServerSeriesData, intervalLabel: string | null, chart: ChartContext): LegendEntry[] => {
  const { theme } = chart
  const hasMark = (kind: TimeMark['kind']): boolean => data.marks.some((mark) => mark.kind === kind)
  return [
    { label: 'Measured', color: theme.text, mark: 'line', series: ['measured'] },
    { label: `Forecast (${data.model})`, color: theme.accent, mark: 'line', series: ['forecast'] },
    ...(data.otherModels.length === 0
      ? []
      : [
          {
            label: 'Other models',
            color: theme.muted,
            mark: 'dashed' as const,
            series: data.otherModels.map((_, index) => `other-${index}`),
          },
        ]),
    ...(intervalLabel === null ? [] : [{ label: intervalLabel, color: theme.accent, mark: 'area' as const, series: ['band'] }]),
    ...(data.p95 === null ? [] : [{ label: 'P95, 80 % interval', color: p95Color(chart), mark: 'area' as const, series: ['p95'] }]),
    ...(hasMark('eoq') ? [{ label: 'Quarter end', color: markColor('eoq', chart), mark: 'area' as const, series: ['eoq'] }] : []),
    ...(hasMark('holiday') ? [{ label: 'Holiday', color: markColor('holiday', chart), mark: 'area' as const, series: ['holiday'] }] : []),
    ...(data.events.length === 0 ? [] : [{ label: 'Event', color: eventColor(chart), mark: 'area' as const, series: ['event-areas'] }]),
    ...(data.adjustedForecast === null
      ? []
      : [{ label: 'Forecast with events', color: eventColor(chart), mark: 'dashed' as const, series: ['events'] }]),
  ]
}

const markColor = (kind: TimeMark['kind'], { theme }: ChartContext): string =>
  kind === 'eoq' ? theme.risk.medium.color : (theme.clusterColors[3] ?? theme.muted)

const maxNoteLength = 28
const eventName = (note: string): string => toPrintable(note.length > maxNoteLength ? `${note.slice(0, maxNoteLength - 1)}…` : note)

/** Marks without a line, so that the legend hides them alone. */
const markSeries = (id: string, marks: Pick<LineSeriesOption, 'markArea' | 'markLine'>): LineSeriesOption => ({
  type: 'line',
  id,
  data: [],
  silent: true,
  ...marks,
})

const calendarAreas = (kind: TimeMark['kind'], data: ServerSeriesData, chart: ChartContext): LineSeriesOption =>
  markSeries(kind, {
    markArea: {
      silent: true,
      itemStyle: { color: markColor(kind, chart), opacity: kind === 'eoq' ? 0.13 : 0.3 },
      data: data.marks
        .filter((mark) => mark.kind === kind && mark.toMs > data.fromMs && mark.fromMs < data.toMs)
        .map(({ fromMs, toMs }) => [{ xAxis: fromMs }, { xAxis: toMs }]),
    },
  })

/** Pixels left and right of the plot; above it one row for vertical lines, and one for events below that. */
const plot = { left: 56, right: 96, top: 26, bottom: 30 } as const
const eventRow = 16

/** Areas of the events with their names above the plot; a name without room is left out. */
const eventAreas = (data: ServerSeriesData, chart: ChartContext, width: number): LineSeriesOption => {
  const { theme } = chart
  const pixelAt = (timeMs: number): number => ((timeMs - data.fromMs) / (data.toMs - data.fromMs)) * (width - plot.left - plot.right)
  let occupiedTo = Number.NEGATIVE_INFINITY
  const areas = data.events
    .filter(({ fromMs, untilMs }) => untilMs > data.fromMs && fromMs < data.toMs)
    .map(({ note, fromMs, untilMs }) => ({ note, fromMs: Math.max(fromMs, data.fromMs), untilMs: Math.min(untilMs, data.toMs) }))
    .sort((a, b) => a.fromMs - b.fromMs)
    .map(({ note, fromMs, untilMs }) => {
      const name = eventName(note)
      const half = theme.font.measure(name, fontSizes.small) / 2
      const centre = (pixelAt(fromMs) + pixelAt(untilMs)) / 2
      const hasRoom = centre - half > occupiedTo + 8
      if (hasRoom) occupiedTo = centre + half
      return [{ name: hasRoom ? name : '', xAxis: fromMs }, { xAxis: untilMs }] as [{ name: string; xAxis: number }, { xAxis: number }]
    })
  return markSeries('event-areas', {
    markArea: {
      silent: true,
      itemStyle: { color: eventColor(chart), opacity: 0.14 },
      label: { show: true, position: 'top', color: theme.text, fontSize: fontSizes.small, fontFamily: theme.font.family },
      data: areas,
    },
  })
}

/** A band over the horizon from the 10 % to the 90 % quantile of the paths' P95, with a line at the median. */
const p95Marks = (
  { median, low, high }: NonNullable<ServerSeriesData['p95']>,
  fromMs: number,
  toMs: number,
  chart: ChartContext,
): Pick<LineSeriesOption, 'markArea' | 'markLine'> => {
  const color = p95Color(chart)
  return {
    markArea: {
      silent: true,
      itemStyle: { color, opacity: 0.2 },
      data: [
        [
          { xAxis: fromMs, yAxis: low },
          { xAxis: toMs, yAxis: high },
        ],
      ],
    },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color, width: 1.5, type: 'solid' },
      label: { show: false },
      data: [[{ coord: [fromMs, median] }, { coord: [toMs, median] }]],
    },
  }
}

/** Needs LineChart, CustomChart, GridComponent, TooltipComponent, MarkLineComponent and MarkAreaComponent. */
export const createServerSeriesOption = (data: ServerSeriesData, chart: ChartContext, width: number): EChartsOption => {
  const { theme, formatting } = chart
  const { unit, horizonStartMs } = data
  const isShown = (timeMs: number): boolean => timeMs >= data.fromMs && timeMs < data.toMs
  const isForecast = (timeMs: number): boolean => isShown(timeMs) && (horizonStartMs === null || timeMs >= horizonStartMs)
  const eventSpace = data.events.length === 0 ? 0 : eventRow
  const thresholdLine = (value: number, name: string) =>
    valueMark(chart, value, `${name} ${formatting.value(value, unit)}`, theme.risk.high.color)
  const verticalLine = (timeMs: number, text: string, color: string, align: 'left' | 'center' | 'right') =>
    timeMark(chart, timeMs, text, color, { align, distance: 4 + eventSpace })
  // Labels that would overlap are aligned away from each other.
  const isClose =
    horizonStartMs !== null && data.firstBreachMs !== null && data.firstBreachMs - horizonStartMs < (data.toMs - data.fromMs) / 6
  return {
    ...createBaseOption(chart),
    grid: { ...plot, top: plot.top + eventSpace, outerBoundsMode: 'none' },
    xAxis: createTimeAxis(chart, data.fromMs, data.toMs, width - plot.left - plot.right, data.stepMs),
    yAxis: createValueAxis(chart, unit, { min: 0, ...(unit === '%' && maxShownValue(data) <= 100 ? { max: 100 } : {}) }),
    tooltip: {
      ...createTooltip(chart),
      trigger: 'axis',
      formatter: (params) => {
        const points = Array.isArray(params) ? params : [params]
        const timeMs = (points[0]?.value as Point | undefined)?.[0] ?? Number.NaN
        const index = data.timesMs.indexOf(timeMs)
        const band = horizonStartMs !== null && timeMs >= horizonStartMs && index >= 0 ? intervalAt(data, index) : null
        const rows = points.flatMap(({ seriesName, value }) => {
          const [, number] = value as Point
          return number === null || seriesName === undefined
            ? []
            : [`${escapeHtml(toPrintable(seriesName))} <b>${formatting.value(number, unit)}</b>`]
        })
        const intervalRows = band === null ? [] : [`interval ${formatting.value(band[0], unit)} to ${formatting.value(band[1], unit)}`]
        return [formatChartMoment(chart, timeMs, data.stepMs), ...rows, ...intervalRows].join('<br>')
      },
    },
    series: [
      bandSeries(data, chart),
      ...data.otherModels.map(({ model, timesMs, forecast }, index) =>
        createLine(`other-${index}`, model, theme.muted, createPoints(timesMs, forecast, isShown), {
          lineStyle: { color: theme.muted, width: 1, type: index % 2 === 0 ? 'dashed' : 'dotted', opacity: 0.8 },
          z: 2,
        }),
      ),
      createLine('measured', 'measured', theme.text, createPoints(data.timesMs, data.measured, isShown), { z: 3 }),
      calendarAreas('eoq', data, chart),
      calendarAreas('holiday', data, chart),
      markSeries('thresholds', {
        markLine: {
          silent: true,
          symbol: 'none',
          data: [
            ...(data.highThreshold === null ? [] : [thresholdLine(data.highThreshold, 'high')]),
            ...(data.veryHighThreshold === null ? [] : [thresholdLine(data.veryHighThreshold, 'very high')]),
            ...(horizonStartMs === null || horizonStartMs <= data.fromMs || horizonStartMs === data.firstBreachMs
              ? []
              : [verticalLine(horizonStartMs, 'forecast', theme.muted, isClose ? 'right' : 'center')]),
            ...(data.firstBreachMs === null || !isShown(data.firstBreachMs)
              ? []
              : [
                  verticalLine(
                    data.firstBreachMs,
                    data.firstBreachMs === horizonStartMs ? 'forecast, first breach' : 'first breach',
                    theme.risk.high.color,
                    isClose ? 'left' : 'center',
                  ),
                ]),
          ],
        },
      }),
      createLine('forecast', data.model, theme.accent, createPoints(data.timesMs, data.forecast, isForecast), {
        lineStyle: { color: theme.accent, width: 2 },
        z: 4,
      }),
      ...(data.p95 === null || horizonStartMs === null
        ? []
        : [markSeries('p95', p95Marks(data.p95, Math.max(horizonStartMs, data.fromMs), data.toMs, chart))]),
      ...(data.events.length === 0 ? [] : [eventAreas(data, chart, width)]),
      ...(data.adjustedForecast === null
        ? []
        : [
            createLine(
              'events',
              'with events',
              eventColor(chart),
              createPoints(data.adjustedForecast.timesMs, data.adjustedForecast.forecast, isForecast),
              { lineStyle: { color: eventColor(chart), width: 2, type: 'dashed' }, z: 5 },
            ),
          ]),
    ],
  }
}
