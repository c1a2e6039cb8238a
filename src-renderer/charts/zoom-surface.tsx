// A transparent layer over a chart's plot that turns wheel, drag and keys into zooms, hovers and picks.
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { Rectangle } from '../../src-shared/chart-options/heatmap-layout.ts'

/** A place in the plot, as shares of its width and height from the top left. */
export interface PlotPoint {
  readonly x: number
  readonly y: number
}

/** The part of the plot to show next; below 0 and above 1 when zooming out. */
export interface PlotPart {
  readonly x0: number
  readonly x1: number
  readonly y0: number
  readonly y1: number
}

export interface ZoomSurfaceProps {
  readonly label: string
  readonly plot: Rectangle
  /** Cells, for moving from one to the next by arrow keys. */
  readonly columns: number
  readonly rows: number
  readonly onZoom: (part: PlotPart) => void
  readonly onReset: () => void
  readonly onHover: (point: PlotPoint | null) => void
  readonly onPick: (point: PlotPoint) => void
}

const wheelStep = 1.25
/** A drag shorter than this is a click. */
const clickPixels = 5
const whole: PlotPart = { x0: 0, x1: 1, y0: 0, y1: 1 }

const around = (middle: number, factor: number): readonly [number, number] => [middle - middle * factor, middle + (1 - middle) * factor]

export const ZoomSurface = (props: ZoomSurfaceProps) => {
  const { plot, label, columns, rows } = props
  const surface = useRef<HTMLButtonElement>(null)
  const [drag, setDrag] = useState<{ readonly from: PlotPoint; readonly to: PlotPoint } | null>(null)
  const [cursor, setCursor] = useState<PlotPoint | null>(null)

  const pointAt = (clientX: number, clientY: number): PlotPoint => {
    const box = surface.current?.getBoundingClientRect()
    const share = (value: number, start: number, length: number): number =>
      Math.min(0.999999, Math.max(0, (value - start) / Math.max(1, length)))
    return box === undefined ? { x: 0, y: 0 } : { x: share(clientX, box.left, box.width), y: share(clientY, box.top, box.height) }
  }

  const onWheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault()
    const { x, y } = pointAt(event.clientX, event.clientY)
    const turned = event.deltaY === 0 ? event.deltaX : event.deltaY
    if (turned === 0) return
    const factor = turned < 0 ? 1 / wheelStep : wheelStep
    const [x0, x1] = event.shiftKey ? [0, 1] : around(x, factor)
    const [y0, y1] = event.shiftKey || event.ctrlKey ? around(y, factor) : [0, 1]
    props.onZoom({ x0, x1, y0, y1 })
  })

  useEffect(() => {
    const element = surface.current
    if (element === null) return undefined
    // React listens passively to wheels, which could not keep the page from scrolling or zooming.
    const turn = (event: WheelEvent): void => onWheel(event)
    element.addEventListener('wheel', turn, { passive: false })
    return () => element.removeEventListener('wheel', turn)
  }, [])

  const isClick = (from: PlotPoint, to: PlotPoint): boolean =>
    Math.abs(to.x - from.x) * plot.width < clickPixels && Math.abs(to.y - from.y) * plot.height < clickPixels
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
    if (isClick(drag.from, to)) props.onPick(to)
    else props.onZoom(partBetween(drag.from, to))
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
      Enter: () => cursor !== null && props.onPick(cursor),
      '+': () => zoomAtCursor(1 / wheelStep),
      '-': () => zoomAtCursor(wheelStep),
      '0': props.onReset,
    }
    const act = keys[event.key]
    if (act === undefined || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    act()
  }
  const zoomAtCursor = (factor: number): void => {
    const [x0, x1] = around(cursor?.x ?? 0.5, factor)
    const [y0, y1] = around(cursor?.y ?? 0.5, factor)
    props.onZoom({ x0, x1, y0, y1 })
  }
  const leave = (): void => {
    setCursor(null)
    props.onHover(null)
  }

  const box = drag === null ? null : partBetween(drag.from, drag.to, whole)
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
      onPointerLeave={leave}
      onBlur={leave}
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

/** A drag along one edge only zooms the other way not at all. */
const partBetween = (a: PlotPoint, b: PlotPoint, flat: PlotPart | null = null): PlotPart => {
  const narrow = 0.01
  const spanX: readonly [number, number] = [Math.min(a.x, b.x), Math.max(a.x, b.x)]
  const spanY: readonly [number, number] = [Math.min(a.y, b.y), Math.max(a.y, b.y)]
  const [x0, x1] = flat === null && spanX[1] - spanX[0] < narrow ? [0, 1] : spanX
  const [y0, y1] = flat === null && spanY[1] - spanY[0] < narrow ? [0, 1] : spanY
  return { x0, x1, y0, y1 }
}
