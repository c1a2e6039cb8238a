// risk_heatmap.png: servers x time, drawn from data already reduced to at most 60 rows.
import { encode } from 'fast-png'
import type { HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { fixedFormatting } from '../../../src-shared/chart-options/format.ts'
import { heatmapHeight } from '../../../src-shared/chart-options/heatmap-layout.ts'
import { heatmapOption } from '../../../src-shared/chart-options/heatmap.ts'
import { paintMatrix } from '../../../src-shared/chart-options/paint-matrix.ts'
import { chartTheme } from '../../../src-shared/chart-options/theme.ts'
import { loadPictureFont, type PictureFont } from './picture-font.ts'
import { renderPng, renderSvg } from './render-chart.ts'

const width = 1280
const zoom = 1.5

/** Few rows stay slim, many keep their labels readable. */
const rowHeight = (rows: number): number => Math.min(36, Math.max(16, 560 / Math.max(1, rows)))

export const heatmapSvg = (data: HeatmapData, font: PictureFont): string => {
  const height = Math.ceil(heatmapHeight(data, rowHeight(data.rows.length) * Math.max(1, data.rows.length)))
  const matrix = paintMatrix(data)
  const png = encode({ width: matrix.width, height: matrix.height, data: matrix.pixels, channels: 4 })
  const image = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  const option = heatmapOption(data, { theme: chartTheme('light', font), image, width, height, formatting: fixedFormatting })
  return renderSvg(option, width, height, font)
}

/** PNG bytes; the same data give the same bytes. */
export const drawHeatmapPicture = async (data: HeatmapData): Promise<Uint8Array> => {
  const font = loadPictureFont()
  return renderPng(heatmapSvg(data, font), font, zoom)
}
