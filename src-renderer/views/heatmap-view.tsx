// The risk heatmap: servers x time, asked anew at every zoom for just the pixels there are.
import type { EChartsOption, TitleComponentOption } from 'echarts'
import { useCallback, useMemo, useRef, useState } from 'react'
import { cellAt, describeCell, type HeatmapCell } from '../../src-shared/chart-options/heatmap-cell.ts'
import { heatmapTable } from '../../src-shared/chart-options/heatmap-table.ts'
import { heatmapTitle } from '../../src-shared/chart-options/heatmap-title.ts'
import { heatmapOption } from '../../src-shared/chart-options/heatmap.ts'
import { layOutHeatmap } from '../../src-shared/chart-options/heatmap-layout.ts'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import { hasWideGap, type HeatmapRequest, type HeatmapView as HeatmapAnswer, type RunOverview } from '../../src-shared/run-view.ts'
import { Chart, type ChartHandle } from '../charts/chart.tsx'
import { paintCells } from '../charts/cell-image.ts'
import { useElementSize, type ElementSize } from '../charts/use-element-size.ts'
import { ZoomSurface, type PlotPart, type PlotPoint } from '../charts/zoom-surface.tsx'
import { DataTable } from '../components/data-table.tsx'
import { NothingPasses } from '../components/empty-state.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import { clampRows, clampTime, timeRangeOf, useHeatmapState } from '../state/heatmap-state.ts'
import { selectServer } from '../state/navigation.ts'
import { isBusy } from '../state/loadable.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatting } from '../theme/formatting.ts'
import { HeatmapToolbar } from './heatmap-toolbar.tsx'

/** What the chart draws around the cells, roughly: asking for a few pixels too many does no harm. */
const surroundings = { width: 120, height: 180 }

const rowLabelPixels = 14

const resetZoom = (run: RunOverview) => (): void =>
  useHeatmapState.setState({ span: hasWideGap(run) ? 'forecast' : 'recent', time: null, rows: null })

export const HeatmapView = ({ run, theme }: { readonly run: RunOverview; readonly theme: ChartTheme }) => {
  const area = useRef<HTMLDivElement>(null)
  const chart = useRef<ChartHandle | null>(null)
  const [isTable, setIsTable] = useState(false)
  const keepChart = useCallback((handle: ChartHandle | null) => {
    chart.current = handle
  }, [])
  const size = useElementSize(area)
  const state = useHeatmapState()
  const metric = useWindowState((window) => window.metric)
  const filter = useWindowState((window) => window.filter)
  const selected = useWindowState((window) => window.selectedServer)
  const asked: HeatmapRequest | null =
    size === null
      ? null
      : {
          folder: run.folder,
          metric,
          sort: state.sort,
          reduction: state.reduction,
          filter,
          rows: state.rows,
          time: timeRangeOf(run, state),
          maxRows: pixels(size.height - surroundings.height),
          maxColumns: pixels(size.width - surroundings.width),
          selected,
        }
  const answer = useRequest('run.heatmap', asked, `${run.folder} ${metric}`)
  return (
    <main className="view" aria-label="Risk heatmap">
      <HeatmapToolbar
        run={run}
        isMerged={answer.status === 'ready' && isMerged(answer.value, run)}
        onReset={resetZoom(run)}
        isTable={isTable}
        onTable={setIsTable}
        chart={() => chart.current}
      />
      <div ref={area} className="chart-area" aria-busy={isBusy(answer)}>
        {(answer.status === 'loading' || answer.status === 'idle') && <p className="chart-wait">Reading the run …</p>}
        {answer.status === 'failed' && <ErrorPanel error={answer.error} onRetry={resetZoom(run)} />}
        {answer.status === 'ready' && answer.value.totalRows === 0 && <NothingPasses />}
        {answer.status === 'ready' && answer.value.totalRows > 0 && isTable && (
          <DataTable label="Risk heatmap, as a table" content={heatmapTable(answer.value.data)} />
        )}
        {answer.status === 'ready' && answer.value.totalRows > 0 && size !== null && !isTable && (
          <Heatmap run={run} theme={theme} size={size} answer={answer.value} onChart={keepChart} />
        )}
      </div>
    </main>
  )
}

const isMerged = ({ data, serversPerRow }: HeatmapAnswer, run: RunOverview): boolean => serversPerRow > 1 || data.stepMs > run.stepMs

/** Steps of 32 pixels: a window that is being resized does not ask at every pixel. */
const pixels = (length: number): number => Math.max(32, Math.ceil(length / 32) * 32)

interface HeatmapProps {
  readonly run: RunOverview
  readonly theme: ChartTheme
  readonly size: ElementSize
  readonly answer: HeatmapAnswer
  readonly onChart: (handle: ChartHandle | null) => void
}

const Heatmap = ({ run, theme, size, answer, onChart }: HeatmapProps) => {
  const { data, shownServers, firstRow, totalRows } = answer
  const [hovered, setHovered] = useState<PlotPoint | null>(null)
  const plot = useMemo(() => layOutHeatmap(data, { theme, formatting, ...size }).plot, [data, theme, size])
  const image = useMemo(() => paintCells(data, plot), [data, plot])
  const title = useMemo(() => heatmapTitle(wholeHorizon(answer, run), formatting), [answer, run])
  const selectedRow = answer.selectedRow === null ? undefined : data.rows[answer.selectedRow]?.serverId
  // At the chart's own choice of rows the labels all but touch.
  const interval = Math.ceil(rowLabelPixels / (plot.height / Math.max(1, data.rows.length))) - 1
  const option = useCallback(
    ({ width, height }: ElementSize) => {
      const built = heatmapOption(data, { theme, image, width, height, formatting, selected: selectedRow })
      return withRowLabels({ ...built, title: { ...(built.title as TitleComponentOption), text: title } }, interval)
    },
    [data, theme, image, selectedRow, title, interval],
  )

  const cellOf = ({ x, y }: PlotPoint): HeatmapCell | null =>
    cellAt(data, data.startMs + x * data.columns * data.stepMs, y * data.rows.length)
  const zoom = ({ x0, x1, y0, y1 }: PlotPart): void => {
    const length = data.columns * data.stepMs
    if (x0 !== 0 || x1 !== 1) {
      const time = clampTime(run, { fromMs: data.startMs + x0 * length, toMs: data.startMs + x1 * length })
      useHeatmapState.setState({ span: 'custom', time })
    }
    if (y0 !== 0 || y1 !== 1) {
      const rows = clampRows(totalRows, { from: firstRow + y0 * shownServers, to: firstRow + y1 * shownServers })
      useHeatmapState.setState({ rows })
    }
  }
  const pick = (point: PlotPoint): void => {
    const cell = cellOf(point)
    if (cell !== null) selectServer(cell.row.serverId)
  }
  const cell = hovered === null ? null : cellOf(hovered)

  return (
    <>
      <Chart label={title} option={option} onHandle={onChart} />
      <ZoomSurface
        label={`Cells of the heatmap, ${shownServers} servers in ${data.rows.length} rows. Arrow keys move, Enter selects the server, plus and minus zoom, 0 resets the zoom.`}
        plot={plot}
        columns={data.columns}
        rows={data.rows.length}
        onZoom={zoom}
        onReset={resetZoom(run)}
        onHover={setHovered}
        onPick={pick}
      />
      {cell !== null && hovered !== null && (
        <CellTooltip
          answer={answer}
          cell={cell}
          left={plot.x + hovered.x * plot.width}
          top={plot.y + hovered.y * plot.height}
          size={size}
        />
      )}
    </>
  )
}

const withRowLabels = (option: EChartsOption, interval: number): EChartsOption => {
  const axis = option.yAxis as { readonly axisLabel: object }
  return { ...option, yAxis: { ...axis, type: 'category', axisLabel: { ...axis.axisLabel, interval } } }
}

/** The title tells of the whole horizon, whatever part of it is in view. */
const wholeHorizon = ({ data }: HeatmapAnswer, { extent, stepMs }: RunOverview): HeatmapAnswer['data'] => ({
  ...data,
  startMs: extent.startMs,
  stepMs,
  columns: Math.round((extent.endMs - extent.startMs) / stepMs),
})

interface CellTooltipProps {
  readonly answer: HeatmapAnswer
  readonly cell: HeatmapCell
  readonly left: number
  readonly top: number
  readonly size: ElementSize
}

const tooltipRoom = { width: 260, height: 130, gap: 14 }

const CellTooltip = ({ answer, cell, left, top, size }: CellTooltipProps) => {
  const words = describeCell(answer.data, cell, formatting)
  const names = answer.names[cell.rowIndex] ?? []
  const others = cell.row.servers - names.length
  return (
    <div
      className="tooltip"
      role="tooltip"
      style={{
        ...(left > size.width - tooltipRoom.width ? { right: size.width - left + tooltipRoom.gap } : { left: left + tooltipRoom.gap }),
        ...(top > size.height - tooltipRoom.height ? { bottom: size.height - top + tooltipRoom.gap } : { top: top + tooltipRoom.gap }),
      }}
    >
      <strong>{words.who}</strong>
      {cell.row.servers > 1 && (
        <span className="muted">
          {names.join(', ')}
          {others > 0 && ` and ${formatting.count(others)} more`}
        </span>
      )}
      <span>{words.when}</span>
      <strong className="tooltip-value">{words.howMuch}</strong>
      {words.notes.length > 0 && <span className="muted">{words.notes.join(' · ')}</span>}
    </div>
  )
}
