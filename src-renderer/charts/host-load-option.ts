// The chart of a host's load over the horizon: before and after consolidation, and the limit.
import type { EChartsOption, LineSeriesOption } from 'echarts'
import type { HostLoad } from '../../src-shared/ipc/packing-view.ts'
import { escapeHtml } from '../../src-shared/chart-options/format.ts'
import { formatChartMoment, createBaseOption, createTooltip, createTimeAxis, createValueAxis, type ChartContext } from './chart-axes.ts'
import { valueMark, valueMarkSpace } from './chart-marks.ts'

/** Needs LineChart, GridComponent, TooltipComponent, MarkAreaComponent and MarkLineComponent. */
export const createHostLoadOption = (load: HostLoad, stepMs: number, chart: ChartContext, width: number): EChartsOption => {
  const { theme, formatting } = chart
  const { timesMs, currentLoad, consolidatedLoad, target, paths } = load
  const limitName = `limit ${formatting.value(target, '%')}`
  const [left, right] = [52, valueMarkSpace(chart, limitName)]
  const line = (id: string, name: string, values: Float64Array, width: number, color: string): LineSeriesOption => ({
    type: 'line',
    id,
    name,
    color,
    showSymbol: false,
    emphasis: { disabled: true },
    lineStyle: { color, width },
    data: [...timesMs].map((timeMs, index) => [timeMs, values[index] ?? null]),
  })
  return {
    ...createBaseOption(chart),
    grid: { left, right, top: 18, bottom: 30, outerBoundsMode: 'none' },
    xAxis: createTimeAxis(chart, timesMs[0] ?? 0, (timesMs.at(-1) ?? 0) + stepMs, width - left - right, stepMs),
    yAxis: createValueAxis(chart, '%', { min: 0, max: Math.max(100, Math.ceil((paths?.p90 ?? 0) / 10) * 10) }),
    tooltip: {
      ...createTooltip(chart),
      trigger: 'axis',
      formatter: (params) => {
        const points = Array.isArray(params) ? params : [params]
        const [timeMs = Number.NaN] = (points[0]?.value ?? []) as number[]
        const rows = points.map(
          ({ seriesName, value }) =>
            `${escapeHtml(seriesName ?? '')} <b>${formatting.value((value as number[])[1] ?? Number.NaN, '%')}</b>`,
        )
        return [formatChartMoment(chart, timeMs, stepMs), ...rows].join('<br>')
      },
    },
    series: [
      line('alone', 'before consolidation', currentLoad, 1.25, theme.muted),
      {
        ...line('together', 'after consolidation', consolidatedLoad, 2, theme.accent),
        markLine: { silent: true, symbol: 'none', data: [valueMark(chart, target, limitName, theme.risk.high.color)] },
      },
      // The highest load over the horizon, between the P50 and the P90 of the simulated paths.
      ...(paths === null
        ? []
        : [
            {
              type: 'line' as const,
              id: 'paths',
              data: [],
              silent: true,
              markArea: {
                silent: true,
                itemStyle: { color: theme.accent, opacity: 0.16 },
                data: [[{ yAxis: paths.p50 }, { yAxis: paths.p90 }]] as [{ yAxis: number }, { yAxis: number }][],
              },
            },
          ]),
    ],
  }
}
