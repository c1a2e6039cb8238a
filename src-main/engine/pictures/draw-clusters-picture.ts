// utilization_clusters.png: horizon mean against deviation, one mark per server.
import type { ClustersData } from '../../../src-shared/chart-options/chart-data.ts'
import { measureClustersHeight } from '../../../src-shared/chart-options/clusters-layout.ts'
import { createClustersOption } from '../../../src-shared/chart-options/clusters.ts'
import { fixedFormatting } from '../../../src-shared/chart-options/format.ts'
import { chartTheme } from '../../../src-shared/chart-options/theme.ts'
import { layerPoints } from './layer-points.ts'
import { loadPictureFont, type PictureFont } from './picture-font.ts'
import { renderPng, renderSvg } from './render-chart.ts'

const width = 1280
const minHeight = 800
const zoom = 1.5

export const renderClustersSvg = (data: ClustersData, font: PictureFont): string => {
  const height = measureClustersHeight(data, minHeight)
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
