// The benchmark's chart: seconds and peak memory of each way against servers, both axes logarithmic, as SVG text.
import type { EChartsOption, LineSeriesOption, XAXisComponentOption, YAXisComponentOption } from 'echarts'
import { LineChart } from 'echarts/charts'
import { use } from 'echarts/core'
import { loadPictureFont } from '../../src-main/engine/pictures/picture-font.ts'
import { renderSvg } from '../../src-main/engine/pictures/render-chart.ts'
import { chartTheme, clusterStyle, type ChartTheme } from '../../src-shared/chart-options/theme.ts'

export interface MethodMeasures {
  readonly name: string
  readonly points: readonly { readonly servers: number; readonly seconds: number; readonly peakMb: number }[]
}

use([LineChart])

const width = 1200
const height = 520
const panelWidth = 460
const panels = [
  { key: 'seconds', title: 'Wall time, seconds', left: 80 },
  { key: 'peakMb', title: 'Peak memory of the process, MB', left: 680 },
] as const

export const drawGrowth = (methods: readonly MethodMeasures[], subtitle: string): string => {
  const font = loadPictureFont()
  return renderSvg(growthOption(methods, subtitle, chartTheme('light', font)), width, height, font)
}

const growthOption = (methods: readonly MethodMeasures[], subtitle: string, theme: ChartTheme): EChartsOption => {
  const text = { color: theme.muted, fontFamily: theme.font.family, fontSize: 12 }
  const baseText = (value: number): string => value.toLocaleString('en-US')
  const servers = methods.flatMap(({ points }) => points.map((point) => point.servers))
  const xAxis = (gridIndex: number): XAXisComponentOption => ({
    type: 'log',
    gridIndex,
    min: Math.min(...servers),
    max: Math.max(...servers),
    name: 'servers',
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: text,
    axisLabel: { ...text, formatter: baseText },
    splitLine: { lineStyle: { color: theme.hairline } },
  })
  const yAxis = (gridIndex: number): YAXisComponentOption => ({
    type: 'log',
    gridIndex,
    axisLabel: { ...text, formatter: baseText },
    splitLine: { lineStyle: { color: theme.hairline } },
  })
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: theme.font.family, color: theme.text },
    title: [
      { text: 'How the analysis grows with the fleet', subtext: subtitle, left: 24, top: 12 },
      ...panels.map(({ title, left }) => ({ text: title, left, top: 70, textStyle: { fontSize: 13, fontFamily: theme.font.family } })),
    ],
    legend: { bottom: 10, left: 'center', textStyle: text, data: methods.map(({ name }) => name) },
    grid: panels.map(({ left }) => ({ left, top: 100, width: panelWidth, height: 310 })),
    xAxis: panels.map((_, index) => xAxis(index)),
    yAxis: panels.map((_, index) => yAxis(index)),
    series: panels.flatMap(({ key }, panel) =>
      methods.map(({ name, points }, method): LineSeriesOption => {
        const { color, symbol } = clusterStyle(theme, method)
        return {
          type: 'line',
          name,
          xAxisIndex: panel,
          yAxisIndex: panel,
          symbol,
          symbolSize: 9,
          itemStyle: { color },
          lineStyle: { color, width: 2 },
          data: points.map((point) => [point.servers, point[key]]),
        }
      }),
    ),
  }
}
