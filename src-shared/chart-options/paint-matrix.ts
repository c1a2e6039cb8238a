// Heatmap values as pixels: each cell is a block in a colour of the scale; cells without a value are transparent.
import type { HeatmapData } from './chart-data.ts'
import { cividisTable } from './cividis.ts'

export interface ValueDomain {
  readonly min: number
  readonly max: number
}

export interface PaintedMatrix {
  readonly width: number
  readonly height: number
  /** RGBA, row-major. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
}

/** 1, 2, 2.5 or 5 times a power of ten, at or above `value`. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power
}

/** Ends of the colour scale: 0..100 for percentages, else 0 to a round number above the maximum. */
export const heatmapDomain = (data: HeatmapData): ValueDomain => {
  if (data.unit === '%') return { min: 0, max: 100 }
  let max = 0
  for (const value of data.values) if (value > max) max = value
  return { min: 0, max: max > 0 ? roundUp(max) : 1 }
}

/**
 * Paints `scale.x` by `scale.y` pixels per cell (whole numbers), row 0 at the top. Values outside the domain take the
 * nearest end of the scale; NaN stays transparent, so that the background is visible.
 */
export const paintMatrix = (data: HeatmapData, scale: { readonly x: number; readonly y: number } = { x: 1, y: 1 }): PaintedMatrix => {
  const { min, max } = heatmapDomain(data)
  const rows = data.rows.length
  const width = data.columns * scale.x
  const height = rows * scale.y
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let row = 0; row < rows; row++) {
    const lineStart = row * scale.y * width * 4
    for (let column = 0; column < data.columns; column++) {
      const value = data.values[row * data.columns + column] ?? Number.NaN
      if (Number.isNaN(value)) continue
      const step = Math.round(Math.min(1, Math.max(0, (value - min) / (max - min))) * 255) * 3
      for (let repeat = 0; repeat < scale.x; repeat++) {
        const pixel = lineStart + (column * scale.x + repeat) * 4
        pixels[pixel] = cividisTable[step] ?? 0
        pixels[pixel + 1] = cividisTable[step + 1] ?? 0
        pixels[pixel + 2] = cividisTable[step + 2] ?? 0
        pixels[pixel + 3] = 255
      }
    }
    for (let repeat = 1; repeat < scale.y; repeat++) {
      pixels.copyWithin(lineStart + repeat * width * 4, lineStart, lineStart + width * 4)
    }
  }
  return { width, height, pixels }
}
