// risk_heatmap.png: servers x time, drawn from data already reduced to at most 60 rows.
import { encode } from 'fast-png'
import type { HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { fixedFormatting } from '../../../src-shared/chart-options/format.ts'
import { measureHeatmapHeight } from '../../../src-shared/chart-options/heatmap-layout.ts'
import { createHeatmapOption } from '../../../src-shared/chart-options/heatmap.ts'
import { paintMatrix } from '../../../src-shared/chart-options/paint-matrix.ts'
import { chartTheme } from '../../../src-shared/chart-options/theme.ts'
import { loadPictureFont, type PictureFont } from './picture-font.ts'
import { renderPng, renderSvg } from './render-chart.ts'

const width = 1280
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

export const renderHeatmapSvg = (data: HeatmapData, font: PictureFont): string => {
  const frame = { theme: chartTheme('light', font), width, formatting: fixedFormatting }
  const height = measureHeatmapHeight(data, frame, rowHeight(data.rows.length) * data.rows.length)
  return renderSvg(createHeatmapOption(data, { ...frame, height, image: encodeCells(data) }), width, height, font)
}

/** PNG bytes; the same data give the same bytes. */
export const drawHeatmapPicture = async (data: HeatmapData): Promise<Uint8Array> => {
  const font = loadPictureFont()
  return renderPng(renderHeatmapSvg(data, font), font, zoom)
}
