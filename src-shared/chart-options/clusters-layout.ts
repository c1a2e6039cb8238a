// Positions of the parts of the cluster scatter: the legend next to the plot, or above it where the chart is narrow.
import type { ClustersData } from './chart-data.ts'
import { type ChartFormatting, toPrintable } from './format.ts'
import { fitText } from './text-width.ts'
import type { ChartTheme } from './theme.ts'
import { fontSizes, margin, titleHeight } from './title.ts'

/** Height of an entry: name above, figures below. */
const entryHeight = 36
const entryGap = 10
export const legendSymbol = 14

export interface LegendEntry {
  /** Name of the series, unique by its number. */
  readonly key: string
  readonly name: string
  readonly figures: string
}

export interface ClustersLayout {
  readonly entries: readonly LegendEntry[]
  readonly isLegendBeside: boolean
  readonly legendTop: number
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }
}

export const createClustersLayout = (data: ClustersData, theme: ChartTheme, formatting: ChartFormatting, width: number): ClustersLayout => {
  const { measure } = theme.font
  const isLegendBeside = width >= 720
  const entries = data.clusters.map((cluster) => {
    const servers = `${formatting.count(cluster.size)} ${cluster.size === 1 ? 'server' : 'servers'}`
    return {
      key: `${cluster.cluster} ${toPrintable(cluster.name)}`,
      name: fitText(toPrintable(cluster.name), 220, (text) => measure(text, fontSizes.label, true)),
      figures: `${servers}, mean ${formatting.value(cluster.mean, data.unit)} ± ${formatting.value(cluster.std, '')}`,
    }
  })
  const widest = entries.reduce(
    (max, { name, figures }) => Math.max(max, measure(name, fontSizes.label, true), measure(figures, fontSizes.small)),
    0,
  )
  return {
    entries,
    isLegendBeside,
    legendTop: titleHeight + (isLegendBeside ? 4 : -6),
    plot: {
      left: margin + 56,
      right: isLegendBeside ? Math.ceil(margin + widest + legendSymbol + 32) : margin + 8,
      top: titleHeight + (isLegendBeside ? 0 : 26) + ((data.underutilizedThreshold ?? null) === null ? 8 : 20),
      bottom: 66,
    },
  }
}

/** Height, at least `minHeight`, at which every entry of the legend fits. */
export const measureClustersHeight = (data: ClustersData, minHeight: number): number =>
  Math.max(minHeight, titleHeight + data.clusters.length * (entryHeight + entryGap) + margin)
