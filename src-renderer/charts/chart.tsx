// The only file that runs ECharts: mounts, resizes, sets, disposes, and marks when everything is painted.
import { ScatterChart, CustomChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent, TooltipComponent, LegendScrollComponent } from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import type { EChartsOption } from 'echarts'
import { useEffect, useEffectEvent, useRef } from 'react'
import { useElementSize, type ElementSize } from './use-element-size.ts'

use([ScatterChart, CustomChart, GridComponent, LegendComponent, LegendScrollComponent, TitleComponent, TooltipComponent, CanvasRenderer])

export interface ChartProps {
  /** What the chart shows, for readers who do not see it. */
  readonly label: string
  /** Must be stable while nothing changes: a new function is drawn anew. */
  readonly option: (size: ElementSize) => EChartsOption
  /** A data item was clicked: series id and value. */
  readonly onItem?: (seriesId: string, value: unknown) => void
  /** The legend was used: series name -> shown. */
  readonly onLegend?: (shown: Readonly<Record<string, boolean>>) => void
}

export const Chart = ({ label, option, onItem, onLegend }: ChartProps) => {
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  const size = useElementSize(host)
  const onClick = useEffectEvent((seriesId: string, value: unknown) => onItem?.(seriesId, value))
  const onToggle = useEffectEvent((shown: Readonly<Record<string, boolean>>) => onLegend?.(shown))

  useEffect(
    () => () => {
      chart.current?.dispose()
      chart.current = null
    },
    [],
  )

  useEffect(() => {
    const element = host.current
    if (element === null || size === null) return
    if (chart.current === null) {
      chart.current = init(element, null, { renderer: 'canvas', ...size })
      chart.current.on('finished', () => {
        element.dataset['painted'] = 'true'
      })
      chart.current.on('click', ({ seriesId, value }) => onClick(seriesId ?? '', value))
      chart.current.on('legendselectchanged', (event) => onToggle((event as { selected: Record<string, boolean> }).selected))
    } else {
      chart.current.resize(size)
    }
    element.dataset['painted'] = 'false'
    chart.current.setOption(option(size), { notMerge: true })
  }, [option, size])

  return <div ref={host} className="chart" role="img" aria-label={label} data-painted="false" />
}
