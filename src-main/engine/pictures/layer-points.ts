// Thousands of points in a few paths: a large scatter series as interleaved layers, each drawn in one piece.
import type { ScatterSeriesOption, SeriesOption } from 'echarts'

/** Mean, deviation and index of the server. */
const numbersPerPoint = 3
const minLargePoints = 400
const layerCount = 24

const layerOf = (points: Float64Array, layer: number): Float64Array =>
  points.filter((_, index) => Math.floor(index / numbersPerPoint) % layerCount === layer)

const isLarge = (series: SeriesOption): series is ScatterSeriesOption & { readonly data: Float64Array } =>
  series.type === 'scatter' &&
  series.data instanceof Float64Array &&
  series.data.length > minLargePoints * numbersPerPoint &&
  typeof series.symbol === 'string' &&
  // ECharts cannot draw its own paths in one piece.
  !series.symbol.startsWith('path:')

/** Where points pile up the layers darken as single marks would, in a fraction of their time. */
export const layerPoints = (series: SeriesOption): readonly SeriesOption[] =>
  isLarge(series)
    ? Array.from({ length: layerCount }, (_, layer) => ({
        ...series,
        id: `${series.id}-${layer}`,
        data: layerOf(series.data, layer),
        large: true,
        largeThreshold: 0,
      }))
    : [series]
