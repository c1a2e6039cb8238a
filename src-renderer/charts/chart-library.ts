// ECharts with the charts and components that the window draws; a part of the page on its own.
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  BrushComponent,
  GridComponent,
  LegendComponent,
  LegendScrollComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components'
import { init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'
import LRU from 'zrender/lib/core/LRU.js'
import { protectTextCache } from '../../src-shared/chart-options/text-cache.ts'

use([BarChart, LineChart, ScatterChart, CustomChart, BrushComponent, GridComponent, LegendComponent, LegendScrollComponent])
protectTextCache(LRU.prototype)
use([MarkAreaComponent, MarkLineComponent, TitleComponent, TooltipComponent, LabelLayout, CanvasRenderer, SVGRenderer])

export { init }
