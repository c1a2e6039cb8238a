// An ECharts option as PNG bytes without a browser: ECharts writes SVG, resvg paints it with the shipped font.
import { renderAsync } from '@resvg/resvg-js'
import type { EChartsOption } from 'echarts'
import { CustomChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendPlainComponent, TitleComponent } from 'echarts/components'
import { LabelLayout } from 'echarts/features'
import { init, setPlatformAPI, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import LRU from 'zrender/lib/core/LRU.js'
import { protectTextCache } from '../../../src-shared/chart-options/text-cache.ts'
import { toPlainXml } from '../../../src-shared/run/errors.ts'
import type { PictureFont } from './picture-font.ts'

use([SVGRenderer, CustomChart, ScatterChart, GridComponent, LegendPlainComponent, TitleComponent, LabelLayout])
protectTextCache(LRU.prototype)

/** ECharts takes the width of this character for the height of a line. */
const lineHeightProbe = '国'

const sizeOf = (font: string): number => Number(/([\d.]+)px/.exec(font)?.[1] ?? 12)

export const renderSvg = (option: EChartsOption, width: number, height: number, font: PictureFont): string => {
  setPlatformAPI({
    measureText: (text, css = '12px') => {
      const size = sizeOf(css)
      return { width: text === lineHeightProbe ? size : font.measure(text, size, /bold|[6-9]00/.test(css)) }
    },
  })
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption(option)
    return toPlainXml(chart.renderToSVGString())
  } finally {
    chart.dispose()
  }
}

/** Hard edges between the pixels of an image: one of its pixels is one cell. */
const optimizeSpeed = 1

/** Paints at `zoom` device pixels per chart pixel. Images fill their box, as they do on a canvas. */
export const renderPng = async (svg: string, font: PictureFont, zoom: number): Promise<Uint8Array> => {
  const painted = await renderAsync(svg.replaceAll('<image ', '<image preserveAspectRatio="none" '), {
    font: { fontFiles: [...font.files], loadSystemFonts: false, defaultFontFamily: font.family },
    imageRendering: optimizeSpeed,
    fitTo: { mode: 'zoom', value: zoom },
  })
  return painted.asPng()
}
