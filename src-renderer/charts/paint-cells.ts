// The heatmap's cells as a canvas, which ECharts draws as one image.
import type { HeatmapData } from '../../src-shared/chart-options/chart-data.ts'
import { cellScale, type Rectangle } from '../../src-shared/chart-options/heatmap-layout.ts'
import { paintMatrix } from '../../src-shared/chart-options/paint-matrix.ts'

export const paintCells = (data: HeatmapData, plot: Rectangle): HTMLCanvasElement | null => {
  if (data.rows.length === 0 || data.columns === 0) return null
  const { width, height, pixels } = paintMatrix(data, cellScale(data, plot, window.devicePixelRatio))
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0)
  return canvas
}
