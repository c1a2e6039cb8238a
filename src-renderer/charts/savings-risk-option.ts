// The curve of savings and risk: what a consolidation saves for each share of hosts that it is expected to overload.
import type { EChartsOption } from 'echarts'
import { escapeHtml } from '../../src-shared/chart-options/format.ts'
import { fontSizes } from '../../src-shared/chart-options/title.ts'
import { createBaseOption, createTooltip, createValueAxis, type ChartContext } from './chart-axes.ts'

export interface SavingsPoint {
  readonly name: string
  /** Expected share of hosts above the limit, 0..1. */
  readonly risk: number
  readonly usd: number
  /** The plan behind the recommendations. */
  readonly isChosen: boolean
  /** Whether it lies on the curve; other points stand alone. */
  readonly isOnCurve: boolean
}

/** `axis`: what the risk is. Needs LineChart, ScatterChart, GridComponent and TooltipComponent. */
export const createSavingsRiskOption = (
  points: readonly SavingsPoint[],
  axis: string,
  formatUsd: (usd: number) => string,
  chart: ChartContext,
): EChartsOption => {
  const { theme, formatting } = chart
  const curve = points.filter(({ isOnCurve }) => isOnCurve).sort((a, b) => a.risk - b.risk || a.usd - b.usd)
  const dollarWidth = Math.max(...points.map(({ usd }) => theme.font.measure(formatUsd(usd), fontSizes.small)))
  return {
    ...createBaseOption(chart),
    grid: { left: Math.max(52, dollarWidth + 18), right: 24, top: 22, bottom: 46, outerBoundsMode: 'none' },
    xAxis: {
      // Ticks closer than 0.1 % would have the same label.
      ...(createValueAxis(chart, '%', { min: 0, max: Math.max(1, ...points.map(({ risk }) => Math.ceil(100 * risk))) }) as object),
      type: 'value',
      name: axis,
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.small },
    },
    yAxis: {
      ...(createValueAxis(chart, '', { min: 0 }) as object),
      type: 'value',
      axisLabel: {
        color: theme.muted,
        fontFamily: theme.font.family,
        fontSize: fontSizes.small,
        hideOverlap: true,
        formatter: formatUsd,
      },
    },
    tooltip: {
      ...createTooltip(chart),
      trigger: 'item',
      formatter: (params) => {
        const { dataIndex = 0 } = Array.isArray(params) ? {} : params
        const point = points[dataIndex]
        if (point === undefined) return ''
        return `${escapeHtml(point.name)}<br>saves <b>${escapeHtml(formatUsd(point.usd))}</b> per month<br>${escapeHtml(axis)} <b>${formatting.value(100 * point.risk, '%')}</b>`
      },
    },
    series: [
      {
        type: 'line',
        id: 'curve',
        silent: true,
        tooltip: { show: false },
        showSymbol: false,
        lineStyle: { color: theme.accent, width: 1.5 },
        data: curve.map(({ risk, usd }) => [100 * risk, usd]),
      },
      {
        type: 'scatter',
        id: 'plans',
        data: points.map(({ risk, usd, isChosen, isOnCurve }) => ({
          value: [100 * risk, usd],
          symbol: isOnCurve ? 'circle' : 'diamond',
          symbolSize: isChosen ? 13 : 8,
          itemStyle: {
            color: isChosen ? theme.accent : theme.background,
            borderColor: isOnCurve ? theme.accent : theme.muted,
            borderWidth: 1.5,
          },
        })),
      },
    ],
  }
}
