// Horizon mean against standard deviation of every server, one series per cluster with its centre, as an ECharts option.
import { metricName } from '../artefacts/metric-label.ts'
import type {
  BrushComponentOption,
  CustomSeriesOption,
  EChartsOption,
  LegendComponentOption,
  ScatterSeriesOption,
  TooltipComponentOption,
} from 'echarts'
import type { ClustersData, ClusterSummary } from './chart-data.ts'
import { type ClustersLayout, createClustersLayout, legendGap, legendSymbol, type LegendEntry } from './clusters-layout.ts'
import { clustersSubtitle, clustersTitle } from './clusters-title.ts'
import { fitText } from './text-width.ts'
import { drawGroup, drawLine, drawText } from './drawing.ts'
import { type ChartFormatting, escapeHtml, toPrintable } from './format.ts'
import type { Rectangle } from './heatmap-layout.ts'
import { type ChartTheme, clusterStyle } from './theme.ts'
import { fontSizes, margin, createTitleOption } from './title.ts'

export interface ClustersView {
  readonly theme: ChartTheme
  readonly width: number
  readonly height: number
  readonly formatting: ChartFormatting
  /** Tooltip and scrolling legend; off in files. */
  readonly interactive?: boolean
  /** ID of the server marked with a ring. */
  readonly selected?: string | undefined
}

/** Above this many points a series is one path: its points can no longer have symbols or emphasis. */
const largeSeries = 5000
/** With more points in the window every series is a path, because single points are too slow. */
const maxSymbols = 10_000
/** Up to this many servers each point is labelled. */
const maxNamedServers = 12

const pointSize = (servers: number): number => {
  if (servers > 2000) return 4
  if (servers > 400) return 6
  return servers > 60 ? 9 : 12
}

/** Indices of the cluster's servers with known mean and deviation. */
const serverIndexesOf = (data: ClustersData, cluster: number): readonly number[] => {
  const servers: number[] = []
  for (const [index, serverCluster] of data.cluster.entries()) {
    if (serverCluster === cluster && Number.isFinite(data.mean[index]) && Number.isFinite(data.std[index])) servers.push(index)
  }
  return servers
}

/** Mean, deviation and index per server. */
const createPoints = (data: ClustersData, servers: readonly number[]): Float64Array => {
  const points = new Float64Array(servers.length * 3)
  for (const [index, server] of servers.entries()) {
    points[index * 3] = data.mean[server] ?? Number.NaN
    points[index * 3 + 1] = data.std[server] ?? Number.NaN
    points[index * 3 + 2] = server
  }
  return points
}

/** The same points with the server's name, on the side with more space. */
const createNamedPoints = (data: ClustersData, servers: readonly number[], { theme, width }: ClustersView) => {
  const maxMean = data.mean.reduce((max, mean) => Math.max(max, mean), data.unit === '%' ? 100 : 0)
  return servers.map((server) => {
    const mean = data.mean[server] ?? Number.NaN
    const name = fitText(toPrintable(data.serverIds[server] ?? ''), width / 4, (text) => theme.font.measure(text, fontSizes.label))
    return {
      value: [mean, data.std[server] ?? Number.NaN, server],
      label: { position: mean > maxMean * 0.6 ? ('left' as const) : ('right' as const), formatter: () => name },
    }
  })
}

const serverTooltip = (data: ClustersData, server: number, cluster: ClusterSummary, formatting: ChartFormatting): string => {
  const figures =
    data.axes !== undefined
      ? []
      : [
          `mean ${formatting.value(data.mean[server] ?? Number.NaN, data.unit)}`,
          `standard deviation ${formatting.value(data.std[server] ?? Number.NaN, '')}${data.unit === '%' ? ' points' : ''}`,
        ]
  return [
    `<b><bdi>${escapeHtml(toPrintable(data.serverIds[server] ?? ''))}</bdi></b>`,
    escapeHtml(toPrintable(cluster.name)),
    ...figures.map(escapeHtml),
  ].join('<br>')
}

const serversSeries = (data: ClustersData, view: ClustersView, cluster: ClusterSummary, entry: LegendEntry): ScatterSeriesOption => {
  const { theme, formatting } = view
  const style = clusterStyle(theme, cluster.cluster)
  const servers = serverIndexesOf(data, cluster.cluster)
  const large = servers.length > largeSeries || (view.interactive === true && data.serverIds.length > maxSymbols)
  const isNamed = data.serverIds.length <= maxNamedServers
  return {
    type: 'scatter',
    id: `cluster-${cluster.cluster}`,
    name: entry.key,
    dimensions: ['mean', 'std', 'server'],
    data: isNamed ? createNamedPoints(data, servers, view) : createPoints(data, servers),
    symbol: large && style.symbol.startsWith('path:') ? 'circle' : style.symbol,
    symbolSize: pointSize(data.serverIds.length),
    itemStyle: { color: style.color, opacity: data.serverIds.length > 400 ? 0.6 : 0.85 },
    large,
    largeThreshold: 0,
    progressive: 0,
    ...(isNamed
      ? {
          label: {
            show: true,
            distance: 12,
            color: theme.text,
            fontFamily: theme.font.family,
            fontSize: fontSizes.label,
            textBorderColor: theme.background,
            textBorderWidth: 3,
          },
          labelLayout: { hideOverlap: true },
        }
      : {}),
    tooltip: {
      formatter: (params) => {
        const { dataIndex = 0 } = Array.isArray(params) ? {} : params
        return serverTooltip(data, servers[dataIndex] ?? -1, cluster, formatting)
      },
    },
  }
}

/** About where a mean lies on the axis, whose last tick may be somewhat further. */
const pixelsFromLeft = ({ mean, unit, axes }: ClustersData, value: number, plotWidth: number): number => {
  const highest = mean.reduce((max, one) => Math.max(max, one), 0)
  const lowest = axes === undefined ? 0 : mean.reduce((min, one) => Math.min(min, one), 0)
  const end = axes === undefined && unit === '%' ? 100 : highest
  return end > lowest ? (plotWidth * (value - lowest)) / (end - lowest) : plotWidth
}

/**
 * Shares the name of the servers' series, so that the legend toggles both. Hollow and unlabelled where servers have
 * labels.
 */
const centreSeries = (
  data: ClustersData,
  { theme, interactive = false }: ClustersView,
  cluster: ClusterSummary,
  entry: LegendEntry,
  /** Pixels from the left edge of the plot to the centre. */
  fromLeft: number,
): ScatterSeriesOption => {
  // The threshold has its name above the plot.
  const isTopmost = interactive && cluster.std >= Math.max(...data.clusters.map(({ std }) => std))
  const isHollow = data.serverIds.length <= maxNamedServers
  const style = clusterStyle(theme, cluster.cluster)
  return {
    type: 'scatter',
    id: `centre-${cluster.cluster}`,
    name: entry.key,
    silent: true,
    z: 4,
    data: [[cluster.mean, cluster.std]],
    symbol: style.symbol,
    symbolSize: isHollow ? 30 : 22,
    itemStyle: isHollow
      ? { color: 'transparent', borderColor: style.color, borderWidth: 1.5 }
      : { color: style.color, opacity: 1, borderColor: theme.text, borderWidth: 2 },
    label: {
      show: !isHollow,
      // Above, half of the name would lie on the labels of the axis.
      position: theme.font.measure(entry.name, fontSizes.label, true) / 2 > fromLeft ? 'right' : isTopmost ? 'bottom' : 'top',
      distance: 6,
      formatter: () => entry.name,
      color: theme.text,
      fontFamily: theme.font.family,
      fontSize: fontSizes.label,
      fontWeight: 'bold',
      textBorderColor: theme.background,
      textBorderWidth: 3,
    },
    labelLayout: { hideOverlap: true },
  }
}

const selectedSeries = (data: ClustersData, { theme, selected }: ClustersView): ScatterSeriesOption => {
  const server = selected === undefined ? -1 : data.serverIds.indexOf(selected)
  return {
    type: 'scatter',
    id: 'selected',
    silent: true,
    z: 10,
    symbol: 'circle',
    symbolSize: pointSize(data.serverIds.length) + 10,
    itemStyle: { color: 'transparent', opacity: 1, borderColor: theme.text, borderWidth: 2 },
    data: server < 0 ? [] : [[data.mean[server] ?? Number.NaN, data.std[server] ?? Number.NaN]],
  }
}

/** The threshold of underutilised servers: a line through the plot with a label above. */
const thresholdSeries = (data: ClustersData, { theme, formatting }: ClustersView): CustomSeriesOption[] => {
  const threshold = data.underutilizedThreshold ?? null
  if (threshold === null || data.axes !== undefined) return []
  const caption = `underutilised below ${formatting.value(threshold, data.unit)}`
  const draw: CustomSeriesOption = {
    type: 'custom',
    id: 'threshold',
    clip: false,
    silent: true,
    z: 1,
    data: [[threshold, 0]],
    renderItem: (params, api) => {
      const [x = 0, bottom = 0] = api.coord([threshold, 0])
      const { y: top } = params.coordSys as unknown as Rectangle
      return drawGroup([
        drawLine(x, top - 14, x, bottom, theme.muted),
        drawText(theme, caption, x - 6, top - 10, { color: theme.muted, size: fontSizes.small, align: 'right' }),
      ])
    },
  }
  return [draw]
}

const createLegendOption = (
  view: ClustersView,
  { entries, isLegendBeside, isLegendScrolled, legendTop }: ClustersLayout,
): LegendComponentOption => {
  const { theme } = view
  const { family } = theme.font
  const byKey = new Map(entries.map((entry) => [entry.key, entry]))
  return {
    type: view.interactive === true && (isLegendBeside || isLegendScrolled) ? 'scroll' : 'plain',
    orient: isLegendBeside ? 'vertical' : 'horizontal',
    ...(isLegendBeside ? { right: margin } : { left: margin, width: view.width - 2 * margin }),
    top: legendTop,
    padding: 0,
    align: 'left',
    itemGap: isLegendBeside ? 10 : legendGap,
    itemWidth: legendSymbol,
    itemHeight: legendSymbol,
    itemStyle: { opacity: 1 },
    inactiveColor: theme.hairline,
    pageIconColor: theme.muted,
    pageIconInactiveColor: theme.hairline,
    pageTextStyle: { color: theme.muted },
    data: entries.map(({ key }) => ({ name: key })),
    formatter: (key) => {
      const { name = key, figures = '' } = byKey.get(key) ?? {}
      return isLegendBeside ? `{name|${removeBraces(name)}}\n{figures|${figures}}` : name
    },
    textStyle: {
      color: theme.text,
      fontFamily: family,
      fontSize: fontSizes.label,
      rich: {
        name: { fontFamily: family, fontSize: fontSizes.label, fontWeight: 'bold', color: theme.text, lineHeight: 18 },
        figures: { fontFamily: family, fontSize: fontSizes.small, color: theme.muted, lineHeight: 18 },
      },
    },
  }
}

/** ECharts reads braces as rich text markup. */
const removeBraces = (text: string): string => text.replace(/[{}]/g, '')

/**
 * Needs ScatterChart, CustomChart, GridComponent, TitleComponent, LegendComponent and the feature LabelLayout.
 * `interactive` also needs TooltipComponent and BrushComponent. The value of a point is [mean, deviation, server index].
 */
export const createClustersOption = (data: ClustersData, view: ClustersView): EChartsOption => {
  const { theme, formatting } = view
  const { family } = theme.font
  const layout = createClustersLayout(data, theme, formatting, view.width)
  const axis = {
    type: 'value' as const,
    nameLocation: 'middle' as const,
    nameTextStyle: { color: theme.text, fontFamily: family, fontSize: fontSizes.subtitle },
    axisLine: { show: true, lineStyle: { color: theme.muted } },
    axisTick: { show: false },
    axisLabel: { color: theme.muted, fontFamily: family, fontSize: fontSizes.label },
    splitLine: { lineStyle: { color: theme.hairline } },
  }
  const pairs = data.clusters.flatMap((cluster, index) => {
    const entry = layout.entries[index]
    return entry === undefined ? [] : [{ cluster, entry }]
  })
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: family, color: theme.text },
    title: createTitleOption(theme, view.width, clustersTitle(data, formatting), clustersSubtitle(data, formatting)),
    legend: createLegendOption(view, layout),
    grid: { ...layout.plot, outerBoundsMode: 'none' },
    xAxis: {
      ...axis,
      name: data.axes?.x ?? `mean of ${metricName(data.metric)} over the horizon${data.unit === '' ? '' : ` (${data.unit})`}`,
      nameGap: 34,
      ...(data.axes !== undefined ? {} : data.unit === '%' ? { min: 0, max: 100 } : { min: 0 }),
      axisLabel: { ...axis.axisLabel, formatter: (value: number) => formatting.value(value, '') },
    },
    yAxis: {
      ...axis,
      // A low chart has no room for the whole name.
      name: fitText(
        data.axes?.y ?? `standard deviation${data.unit === '%' ? ' (percentage points)' : ''}`,
        Math.max(0, view.height - layout.plot.top - layout.plot.bottom),
        (text) => theme.font.measure(text, fontSizes.subtitle),
      ),
      nameGap: 42,
      ...(data.axes === undefined ? { min: 0 } : {}),
      axisLabel: { ...axis.axisLabel, formatter: (value: number) => formatting.value(value, '') },
    },
    series: [
      ...pairs.map(({ cluster, entry }) => serversSeries(data, view, cluster, entry)),
      ...pairs.map(({ cluster, entry }) =>
        centreSeries(data, view, cluster, entry, pixelsFromLeft(data, cluster.mean, view.width - layout.plot.left - layout.plot.right)),
      ),
      selectedSeries(data, view),
      ...thresholdSeries(data, view),
    ],
    ...(view.interactive === true ? { tooltip: createTooltipOption(theme), brush: createBrushOption(theme) } : {}),
  }
}

const createTooltipOption = (theme: ChartTheme): TooltipComponentOption => ({
  trigger: 'item',
  confine: true,
  transitionDuration: 0,
  backgroundColor: theme.background,
  borderColor: theme.hairline,
  textStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.subtitle },
})

/** The box or lasso over the marks; the caller computes what it selects. */
const createBrushOption = (theme: ChartTheme): BrushComponentOption => ({
  xAxisIndex: 0,
  yAxisIndex: 0,
  toolbox: [],
  throttleType: 'debounce',
  throttleDelay: 100,
  brushStyle: { color: 'transparent', borderColor: theme.text, borderWidth: 1.5 },
  outOfBrush: { colorAlpha: 1 },
})
