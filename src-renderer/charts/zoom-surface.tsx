// A transparent layer over a chart's plot that maps wheel, drag and keys to zoom, hover and selection.
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { Rectangle } from '../../src-shared/chart-options/heatmap-layout.ts'

/** A point of the plot, as shares of its width and height from the top left. */
export interface PlotPoint {
  readonly x: number
  readonly y: number
}

/** The part of the plot to show next; below 0 and above 1 when zooming out. */
export interface PlotRegion {
  readonly x0: number
  readonly x1: number
  readonly y0: number
  readonly y1: number
}

export interface ZoomSurfaceProps {
  readonly label: string
  readonly plot: Rectangle
  /** Number of cells, for the arrow keys. */
  readonly columns: number
  readonly rows: number
  readonly onZoom: (region: PlotRegion) => void
  readonly onReset: () => void
  readonly onHover: (point: PlotPoint | null) => void
  readonly onSelect: (point: PlotPoint) => void
}

const wheelStep = 1.25
/** A drag shorter than this is a click. */
const clickTolerancePx = 5
const fullPlot: PlotRegion = { x0: 0, x1: 1, y0: 0, y1: 1 }

const zoomRange = (center: number, factor: number): readonly [number, number] => [center - center * factor, center + (1 - center) * factor]

export const ZoomSurface = (props: ZoomSurfaceProps) => {
  const { plot, label, columns, rows } = props
  const surface = useRef<HTMLButtonElement>(null)
  const [drag, setDrag] = useState<{ readonly from: PlotPoint; readonly to: PlotPoint } | null>(null)
  const [cursor, setCursor] = useState<PlotPoint | null>(null)

  const pointAt = (clientX: number, clientY: number): PlotPoint => {
    const box = surface.current?.getBoundingClientRect()
    const toShare = (value: number, start: number, length: number): number =>
      Math.min(0.999999, Math.max(0, (value - start) / Math.max(1, length)))
    return box === undefined ? { x: 0, y: 0 } : { x: toShare(clientX, box.left, box.width), y: toShare(clientY, box.top, box.height) }
  }

  const onWheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault()
    const { x, y } = pointAt(event.clientX, event.clientY)
    const wheelDelta = event.deltaY === 0 ? event.deltaX : event.deltaY
    if (wheelDelta === 0) return
    const factor = wheelDelta < 0 ? 1 / wheelStep : wheelStep
    const [x0, x1] = event.shiftKey ? [0, 1] : zoomRange(x, factor)
    const [y0, y1] = event.shiftKey || event.ctrlKey ? zoomRange(y, factor) : [0, 1]
    props.onZoom({ x0, x1, y0, y1 })
  })

  useEffect(() => {
    const element = surface.current
    if (element === null) return undefined
    // React registers passive wheel listeners, which cannot prevent scrolling and zooming of the page.
    const handleWheel = (event: WheelEvent): void => onWheel(event)
    element.addEventListener('wheel', handleWheel, { passive: false })
    return () => element.removeEventListener('wheel', handleWheel)
  }, [])

  const isClick = (from: PlotPoint, to: PlotPoint): boolean =>
    Math.abs(to.x - from.x) * plot.width < clickTolerancePx && Math.abs(to.y - from.y) * plot.height < clickTolerancePx
  const onPointerDown = (event: PointerEvent<HTMLButtonElement>): void => {
    if (event.button !== 0) return
    surface.current?.setPointerCapture(event.pointerId)
    const from = pointAt(event.clientX, event.clientY)
    setDrag({ from, to: from })
  }
  const onPointerMove = (event: PointerEvent<HTMLButtonElement>): void => {
    const to = pointAt(event.clientX, event.clientY)
    setCursor(null)
    if (drag === null) {
      props.onHover(to)
      return
    }
    setDrag({ ...drag, to })
    if (!isClick(drag.from, to)) props.onHover(null)
  }
  const onPointerUp = (event: PointerEvent<HTMLButtonElement>): void => {
    if (drag === null) return
    const to = pointAt(event.clientX, event.clientY)
    setDrag(null)
    if (isClick(drag.from, to)) props.onSelect(to)
    else props.onZoom(regionBetween(drag.from, to))
  }
  const move = (dx: number, dy: number): void => {
    const from = cursor ?? { x: 0.5 / columns, y: -0.5 / rows }
    const next = {
      x: Math.min(1 - 0.5 / columns, Math.max(0.5 / columns, from.x + dx / columns)),
      y: Math.min(1 - 0.5 / rows, Math.max(0.5 / rows, from.y + dy / rows)),
    }
    setCursor(next)
    props.onHover(next)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>): void => {
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(-1, 0),
      ArrowRight: () => move(1, 0),
      ArrowUp: () => move(0, -1),
      ArrowDown: () => move(0, 1),
      Enter: () => cursor !== null && props.onSelect(cursor),
      '+': () => zoomAtCursor(1 / wheelStep),
      '-': () => zoomAtCursor(wheelStep),
      '0': props.onReset,
    }
    const action = keys[event.key]
    if (action === undefined || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    action()
  }
  const zoomAtCursor = (factor: number): void => {
    const [x0, x1] = zoomRange(cursor?.x ?? 0.5, factor)
    const [y0, y1] = zoomRange(cursor?.y ?? 0.5, factor)
    props.onZoom({ x0, x1, y0, y1 })
  }
  const clearCursor = (): void => {
    setCursor(null)
    props.onHover(null)
  }

  const box = drag === null ? null : regionBetween(drag.from, drag.to, fullPlot)
  return (
    <button
      ref={surface}
      type="button"
      className="zoom-surface"
      aria-label={label}
      style={{ left: plot.x, top: plot.y, width: plot.width, height: plot.height }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerLeave={clearCursor}
      onBlur={clearCursor}
      onKeyDown={onKeyDown}
    >
      {box !== null && (
        <span
          className="zoom-box"
          style={{
            left: box.x0 * plot.width,
            top: box.y0 * plot.height,
            width: (box.x1 - box.x0) * plot.width,
            height: (box.y1 - box.y0) * plot.height,
          }}
        />
      )}
      {cursor !== null && (
        <span
          className="zoom-cursor"
          style={{
            left: (cursor.x - 0.5 / columns) * plot.width,
            top: (cursor.y - 0.5 / rows) * plot.height,
            width: Math.max(3, plot.width / columns),
            height: Math.max(3, plot.height / rows),
          }}
        />
      )}
    </button>
  )
}

/** A drag along one axis leaves the other axis unchanged. */
const regionBetween = (a: PlotPoint, b: PlotPoint, flat: PlotRegion | null = null): PlotRegion => {
  const minDragShare = 0.01
  const spanX: readonly [number, number] = [Math.min(a.x, b.x), Math.max(a.x, b.x)]
  const spanY: readonly [number, number] = [Math.min(a.y, b.y), Math.max(a.y, b.y)]
  const [x0, x1] = flat === null && spanX[1] - spanX[0] < minDragShare ? [0, 1] : spanX
  const [y0, y1] = flat === null && spanY[1] - spanY[0] < minDragShare ? [0, 1] : spanY
  return { x0, x1, y0, y1 }
}
