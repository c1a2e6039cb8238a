// The only file that draws with ECharts: mounts, resizes, updates, exports and disposes the chart, and marks when it is painted.
import type { EChartsOption } from 'echarts'
import type { EChartsType } from 'echarts/core'
import { useEffect, useEffectEvent, useRef, useLayoutEffect, useState, type RefObject } from 'react'
import { toPlainXml } from '../../src-shared/run/errors.ts'
import type * as chartLibrary from './chart-library.ts'

type ChartLibrary = Pick<typeof chartLibrary, 'init'>

let loaded: ChartLibrary | null = null

/** ECharts is a third of the page: it loads while the window already shows its frame and the engine reads the run. */
export const loadChartLibrary = async (): Promise<ChartLibrary> => (loaded ??= await import('./chart-library.ts'))

/** null until it is loaded; every later chart has it at once. */
const useChartLibrary = (): ChartLibrary | null => {
  const [library, setLibrary] = useState(loaded)
  useEffect(() => {
    let isCurrent = true
    if (library === null) void loadChartLibrary().then((value) => isCurrent && setLibrary(value))
    return () => {
      isCurrent = false
    }
  }, [library])
  return library
}

export interface ChartHandle {
  /** The current chart: PNG bytes at double resolution, or SVG text. */
  readonly exportImage: (kind: 'png' | 'svg') => Uint8Array<ArrayBuffer> | string | undefined
}

/** Corners of the selected area, in axis units. */
export type BrushedArea = readonly (readonly [number, number])[]

export interface ChartProps {
  /** Text alternative of the chart. */
  readonly label: string
  /** Must be stable while nothing changes: a new function redraws the chart. */
  readonly option: (size: ElementSize) => EChartsOption
  /** A data item was clicked: series id, value and index. */
  readonly onItemClick?: (seriesId: string, value: unknown, index: number) => void
  /** The legend was used: series name -> shown. */
  readonly onLegendToggle?: (shown: Readonly<Record<string, boolean>>) => void
  /** The brush that dragging draws; the option must contain a `brush`. */
  readonly brush?: 'rect' | 'polygon' | null
  readonly onBrush?: (area: BrushedArea) => void
  readonly onHandle?: (handle: ChartHandle | null) => void
}

export const Chart = ({ label, option, brush = null, ...handlers }: ChartProps) => {
  const container = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  const size = useElementSize(container)
  const library = useChartLibrary()
  const onClick = useEffectEvent((seriesId: string, value: unknown, index: number) => handlers.onItemClick?.(seriesId, value, index))
  const onToggle = useEffectEvent((shown: Readonly<Record<string, boolean>>) => handlers.onLegendToggle?.(shown))
  const onArea = useEffectEvent((area: BrushedArea) => handlers.onBrush?.(area))
  const publishHandle = useEffectEvent((handle: ChartHandle | null) => handlers.onHandle?.(handle))

  useEffect(() => {
    publishHandle({
      exportImage: (kind) => (loaded === null || chart.current === null ? undefined : renderImage(loaded, chart.current, kind)),
    })
    return () => {
      publishHandle(null)
      chart.current?.dispose()
      chart.current = null
    }
  }, [])

  useEffect(() => {
    const element = container.current
    if (element === null || size === null || library === null) return
    if (chart.current === null) {
      chart.current = library.init(element, null, { renderer: 'canvas', ...size })
      chart.current.on('finished', () => {
        element.dataset['painted'] = 'true'
        performance.clearMarks('painted')
        performance.mark('painted')
      })
      chart.current.on('click', ({ seriesId, value, dataIndex }) => onClick(seriesId ?? '', value, dataIndex))
      chart.current.on('legendselectchanged', (event) => onToggle((event as { selected: Record<string, boolean> }).selected))
      chart.current.on('brushEnd', (event) => {
        const area = toBrushedArea(event)
        if (area !== null) onArea(area)
      })
    } else {
      chart.current.resize(size)
    }
    element.dataset['painted'] = 'false'
    chart.current.setOption(option(size), { notMerge: true })
    chart.current.dispatchAction({
      type: 'takeGlobalCursor',
      key: 'brush',
      brushOption: brush === null ? { brushType: false } : { brushType: brush, brushMode: 'single' },
    })
  }, [option, size, brush, library])

  return <div ref={container} className="chart" role="img" aria-label={label} data-painted="false" />
}

/** A box as its four corners. */
const toBrushedArea = (event: unknown): BrushedArea | null => {
  const [area] = (event as { readonly areas: readonly { readonly brushType: string; readonly coordRange: number[][] }[] }).areas
  if (area === undefined) return null
  if (area.brushType === 'polygon') return area.coordRange.map(([x = 0, y = 0]) => [x, y])
  const [[x0 = 0, x1 = 0] = [], [y0 = 0, y1 = 0] = []] = area.coordRange
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ]
}

const renderImage = (library: ChartLibrary, chart: EChartsType, kind: 'png' | 'svg'): Uint8Array<ArrayBuffer> | string => {
  if (kind === 'png') {
    const url = chart.getDataURL({ type: 'png', pixelRatio: 2 })
    return Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (character) => character.charCodeAt(0))
  }
  const svgChart = library.init(null, null, { renderer: 'svg', ssr: true, width: chart.getWidth(), height: chart.getHeight() })
  try {
    svgChart.setOption(chart.getOption() as EChartsOption)
    return toPlainXml(svgChart.renderToSVGString())
  } finally {
    svgChart.dispose()
  }
}

export interface ElementSize {
  readonly width: number
  readonly height: number
}

export const useElementSize = (element: RefObject<HTMLElement | null>): ElementSize | null => {
  const [size, setSize] = useState<ElementSize | null>(null)
  useLayoutEffect(() => {
    const { current } = element
    if (current === null) return undefined
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = current
      if (width === 0 || height === 0) return
      setSize((last) => (last?.width === width && last.height === height ? last : { width, height }))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    measure()
    return () => observer.disconnect()
  }, [element])
  return size
}
