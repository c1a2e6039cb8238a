// Horizon mean against standard deviation of every server, one series per cluster with its centre, as an ECharts option.
import type { EChartsOption, ScatterSeriesOption } from 'echarts'
import type { ClustersData } from './chart-data.ts'
import { type ChartFormatting, escapeHtml, printable } from './format.ts'
import { clustersSubtitle, clustersTitle } from './clusters-title.ts'
import { fontSizes, margin } from './heatmap-layout.ts'
import { fitText } from './text-width.ts'
import { type ChartTheme, clusterStyle } from './theme.ts'

export interface ClustersView {
  readonly theme: ChartTheme
  readonly width: number
  readonly height: number
  readonly formatting: ChartFormatting
  /** Tooltips; off in files. */
  readonly interactive?: boolean
  readonly selected?: string | undefined
}

/** Above this many points a series is drawn as one path. */
const largeSeries = 5000

const legendWidth = 260

const pointsOf = (data: ClustersData, cluster: number): { points: [number, number][]; servers: number[] } => {
  const points: [number, number][] = []
  const servers: number[] = []
  data.cluster.forEach((of, index) => {
    const mean = data.mean[index] ?? Number.NaN
    const std = data.std[index] ?? Number.NaN
    if (of !== cluster || !Number.isFinite(mean) || !Number.isFinite(std)) return
    points.push([mean, std])
    servers.push(index)
  })
  return { points, servers }
}

const pointSize = (points: number): number => (points > 2000 ? 4 : points > 400 ? 6 : points > 60 ? 9 : 12)

export const clustersOption = (data: ClustersData, view: ClustersView): EChartsOption => {
  const { theme, formatting } = view
  const { family } = theme.font
  const most = view.width - 2 * margin
  const size = pointSize(data.serverIds.length)
  const series: ScatterSeriesOption[] = data.clusters.map((cluster) => {
    const style = clusterStyle(theme, cluster.cluster)
    const { points, servers } = pointsOf(data, cluster.cluster)
    const large = points.length > largeSeries
    return {
      type: 'scatter',
      id: `cluster-${cluster.cluster}`,
      name: `${cluster.cluster}  ${printable(cluster.name)}`,
      data: points,
      symbol: large && style.symbol.startsWith('path') ? 'circle' : style.symbol,
      symbolSize: size,
      itemStyle: { color: style.color, opacity: points.length > 400 ? 0.55 : 0.8 },
      large,
      largeThreshold: largeSeries,
      progressive: 0,
      tooltip: {
        formatter: (params) => {
          const index = servers[Array.isArray(params) ? 0 : params.dataIndex] ?? -1
          const mean = data.mean[index] ?? Number.NaN
          const std = data.std[index] ?? Number.NaN
          return `<b><bdi>${escapeHtml(printable(data.serverIds[index] ?? ''))}</bdi></b><br>${escapeHtml(cluster.name)}<br>mean ${escapeHtml(formatting.value(mean, data.unit))}, deviation ${escapeHtml(formatting.value(std, ''))}`
        },
      },
    }
  })
  const selected = view.selected === undefined ? -1 : data.serverIds.indexOf(view.selected)
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: family, color: theme.text },
    title: {
      left: margin,
      top: margin - 4,
      padding: 0,
      itemGap: 8,
      text: fitText(clustersTitle(data, formatting), most, (text) =>
        theme.font.measure(text, fontSizes.title, true),
      ),
      textStyle: {
        fontFamily: family,
        fontSize: fontSizes.title,
        fontWeight: 'bold',
        color: theme.text,
      },
      subtext: fitText(clustersSubtitle(data, formatting), most, (text) =>
        theme.font.measure(text, fontSizes.subtitle),
      ),
      subtextStyle: { fontFamily: family, fontSize: fontSizes.subtitle, color: theme.muted },
    },
    legend: {
      orient: 'vertical',
      right: margin,
      top: 84,
      itemGap: 12,
      textStyle: { fontFamily: family, fontSize: fontSizes.label, color: theme.text },
    },
    grid: { left: 76, right: legendWidth + margin, top: 84, bottom: 64, outerBoundsMode: 'none' },
    xAxis: {
      type: 'value',
      name: `horizon mean of ${data.metric}${data.unit === '' ? '' : `, ${data.unit}`}`,
      nameLocation: 'middle',
      nameGap: 36,
      splitLine: { lineStyle: { color: theme.hairline } },
    },
    yAxis: {
      type: 'value',
      name: 'standard deviation, points',
      nameLocation: 'middle',
      nameGap: 48,
      splitLine: { lineStyle: { color: theme.hairline } },
    },
    series: [
      ...series,
      {
        type: 'scatter',
        id: 'selected',
        silent: true,
        z: 10,
        symbol: 'circle',
        symbolSize: size + 10,
        itemStyle: { color: 'transparent', borderColor: theme.text, borderWidth: 2 },
        data: selected < 0 ? [] : [[data.mean[selected] ?? Number.NaN, data.std[selected] ?? Number.NaN]],
      },
    ],
    ...(view.interactive === true ? { tooltip: { trigger: 'item' } } : {}),
  }
}
