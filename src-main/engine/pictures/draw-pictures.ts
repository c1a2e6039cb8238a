// risk_heatmap.png (servers x time) and utilization_clusters.png (mean against deviation), from data already reduced to their size.
import { encode } from 'fast-png'
import type { ClustersData, HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { measureClustersHeight } from '../../../src-shared/chart-options/clusters-layout.ts'
import { createClustersOption } from '../../../src-shared/chart-options/clusters.ts'
import { fixedFormatting, fixedFormattingIn } from '../../../src-shared/chart-options/format.ts'
import { measureHeatmapHeight } from '../../../src-shared/chart-options/heatmap-layout.ts'
import { createHeatmapOption } from '../../../src-shared/chart-options/heatmap.ts'
import { paintMatrix } from '../../../src-shared/chart-options/paint-matrix.ts'
import { utcClock, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import { chartTheme } from '../../../src-shared/chart-options/theme.ts'
import { layerPoints } from './layer-points.ts'
import { loadPictureFont, type PictureFont } from './picture-font.ts'
import { fillHeatmap, type PlannedHeatmap } from './fill-heatmap.ts'
import { renderPng, renderSvg } from './render-chart.ts'

const width = 1280
const minClustersHeight = 800
const zoom = 1.5

/** Few rows stay slim, many keep their labels readable. */
const rowHeight = (rows: number): number => Math.min(36, Math.max(16, 560 / Math.max(1, rows)))

/** One pixel per cell as a data URL; null without cells. */
const encodeCells = (data: HeatmapData): string | null => {
  const { width: columns, height: rows, pixels } = paintMatrix(data)
  if (columns === 0 || rows === 0) return null
  const png = encode({ width: columns, height: rows, data: pixels, channels: 4 })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}

export const renderHeatmapSvg = (data: HeatmapData, font: PictureFont, clock = utcClock): string => {
  const frame = { theme: chartTheme('light', font), width, formatting: fixedFormattingIn(clock) }
  const height = measureHeatmapHeight(data, frame, rowHeight(data.rows.length) * data.rows.length)
  return renderSvg(createHeatmapOption(data, { ...frame, height, image: encodeCells(data) }), width, height, font)
}

/** PNG bytes; the same data give the same bytes. */
export const drawHeatmapPicture = async (data: HeatmapData, clock = utcClock): Promise<Uint8Array> => {
  const font = loadPictureFont()
  return renderPng(renderHeatmapSvg(data, font, clock), font, zoom)
}

export const renderClustersSvg = (data: ClustersData, font: PictureFont): string => {
  const height = measureClustersHeight(data, minClustersHeight)
  const view = { theme: chartTheme('light', font), width, height, formatting: fixedFormatting }
  const option = createClustersOption(data, view)
  const series = [option.series ?? []].flat().flatMap(layerPoints)
  return renderSvg({ ...option, series }, width, height, font)
}

/** PNG bytes; the same data give the same bytes. */
export const drawClustersPicture = async (data: ClustersData): Promise<Uint8Array> => {
  const font = loadPictureFont()
  return renderPng(renderClustersSvg(data, font), font, zoom)
}

export interface RunPicturesTask {
  readonly heatmap: PlannedHeatmap
  /** Where its values lie. */
  readonly seriesPath: string
  readonly clusters: ClustersData & { readonly underutilizedThreshold: number }
  /** Name of the zone in which the heatmap states times. */
  readonly zone: string
}

/** PNG bytes. */
export interface RunPictures {
  readonly heatmap: Uint8Array
  readonly clusters: Uint8Array
}

/** Both pictures: while resvg paints the heatmap in another thread, this one lays out the clusters. */
export const drawRunPictures = async ({ heatmap, seriesPath, clusters, zone }: RunPicturesTask): Promise<RunPictures> => {
  const filled = await fillHeatmap(heatmap, seriesPath)
  const [heatmapPicture, clustersPicture] = await Promise.all([drawHeatmapPicture(filled, zoneClock(zone)), drawClustersPicture(clusters)])
  return { heatmap: heatmapPicture, clusters: clustersPicture }
}
