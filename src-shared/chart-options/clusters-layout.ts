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
/** Between entries of a legend above the plot, and between its rows. */
export const legendGap = 12
/** Between the symbol of an entry and its name. */
const symbolGap = 5
/** A legend of more rows would leave too little of the plot; it scrolls. */
const maxLegendRows = 5

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
  /** More entries than fit above the plot. */
  readonly isLegendScrolled: boolean
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }
}

/** Rows of entries of these widths, next to each other as far as they fit. */
const countRows = (widths: readonly number[], width: number): number => {
  let rows = 1
  let used = 0
  for (const entry of widths) {
    if (used > 0 && used + entry > width - 2 * margin) {
      rows++
      used = 0
    }
    used += entry + legendGap
  }
  return rows
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
  const rows = isLegendBeside
    ? 0
    : countRows(
        entries.map(({ name }) => measure(name, fontSizes.label) + legendSymbol + symbolGap),
        width,
      )
  const isLegendScrolled = rows > maxLegendRows
  return {
    entries,
    isLegendBeside,
    isLegendScrolled,
    legendTop: titleHeight + (isLegendBeside ? 4 : -6),
    plot: {
      left: margin + 56,
      right: isLegendBeside ? Math.ceil(margin + widest + legendSymbol + 32) : margin + 8,
      top:
        titleHeight +
        (isLegendBeside ? 0 : (isLegendScrolled ? 1 : rows) * (legendSymbol + legendGap)) +
        ((data.underutilizedThreshold ?? null) === null ? 8 : 20),
      bottom: 66,
    },
  }
}

/** Height, at least `minHeight`, at which every entry of the legend fits. */
export const measureClustersHeight = (data: ClustersData, minHeight: number): number =>
  Math.max(minHeight, titleHeight + data.clusters.length * (entryHeight + entryGap) + margin)
