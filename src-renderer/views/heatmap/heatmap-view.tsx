// The risk heatmap, servers by time; every zoom requests the cells for the visible pixels.
import type { EChartsOption, TitleComponentOption } from 'echarts'
import { useCallback, useMemo, useRef, useState } from 'react'
import { cellAt, describeCell, type HeatmapCell } from '../../../src-shared/chart-options/heatmap-cell.ts'
import { createHeatmapTable } from '../../charts/heatmap-table.ts'
import { heatmapTitle } from '../../../src-shared/chart-options/heatmap-title.ts'
import { createHeatmapOption } from '../../../src-shared/chart-options/heatmap.ts'
import { columnStartMs } from '../../../src-shared/chart-options/heatmap-columns.ts'
import { createHeatmapLayout, cellScale, type Rectangle } from '../../../src-shared/chart-options/heatmap-layout.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import { type HeatmapRequest, type HeatmapView as HeatmapResponse, type RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Chart, type ChartHandle, useElementSize, type ElementSize } from '../../charts/chart.tsx'
import { ZoomSurface, type PlotRegion, type PlotPoint } from '../../charts/zoom-surface.tsx'
import { DataTable } from '../../components/data-table.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { clampRows, clampTime, defaultTimeSpan, visibleTimeRange, useHeatmapState } from '../../state/heatmap-state.ts'
import { selectServer } from '../../state/navigation.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatting } from '../../theme/formatting.ts'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import { HeatmapToolbar } from './heatmap-toolbar.tsx'
import type { HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { paintMatrix } from '../../../src-shared/chart-options/paint-matrix.ts'

/** Approximate space around the cells; requesting a few pixels too many is harmless. */
const chartMargins = { width: 120, height: 180 }

const rowLabelPixels = 14

const resetZoom = (run: RunOverview) => (): void => useHeatmapState.setState({ span: defaultTimeSpan(run), time: null, rows: null })

export const HeatmapView = ({ run, theme }: { readonly run: RunOverview; readonly theme: ChartTheme }) => {
  const area = useRef<HTMLDivElement>(null)
  const chart = useRef<ChartHandle | null>(null)
  const [isTable, setIsTable] = useState(false)
  const storeChart = useCallback((handle: ChartHandle | null) => {
    chart.current = handle
  }, [])
  const size = useElementSize(area)
  const state = useHeatmapState()
  const metric = useWindowState((window) => window.metric)
  const filter = useWindowState((window) => window.filter)
  const selected = useWindowState((window) => window.selectedServer)
  const heatmapRequest: HeatmapRequest | null =
    size === null
      ? null
      : {
          folder: run.folder,
          metric,
          sort: state.sort,
          reduction: state.reduction,
          filter,
          rows: state.rows,
          time: visibleTimeRange(run, state),
          maxRows: roundUpToStep(size.height - chartMargins.height),
          maxColumns: roundUpToStep(size.width - chartMargins.width),
          selected,
        }
  const response = useRequest('heatmap.get', heatmapRequest, `${run.folder} ${metric}`)
  return (
    <main className="view" aria-label="Risk heatmap">
      <HeatmapToolbar
        run={run}
        isMerged={response.status === 'ready' && isMerged(response.value, run)}
        onReset={resetZoom(run)}
        isTable={isTable}
        onToggleTable={setIsTable}
        chart={() => chart.current}
      />
      <div ref={area} className="chart-area" aria-busy={isBusy(response)}>
        {(response.status === 'loading' || response.status === 'idle') && <Loading />}
        {response.status === 'failed' && <ErrorPanel error={response.error} onRetry={resetZoom(run)} />}
        {response.status === 'ready' && response.value.totalRows === 0 && <NoMatchingServers />}
        {response.status === 'ready' && response.value.totalRows > 0 && isTable && (
          <DataTable label="Risk heatmap table" content={createHeatmapTable(response.value.data, formatting.clock)} />
        )}
        {response.status === 'ready' && response.value.totalRows > 0 && size !== null && !isTable && (
          <Heatmap run={run} theme={theme} size={size} response={response.value} onChart={storeChart} />
        )}
      </div>
    </main>
  )
}

const isMerged = ({ data, serversPerRow }: HeatmapResponse, run: RunOverview): boolean => serversPerRow > 1 || data.stepMs > run.stepMs

/** Steps of 32 pixels, so that resizing the window does not send a request per pixel. */
const roundUpToStep = (length: number): number => Math.max(32, Math.ceil(length / 32) * 32)

interface HeatmapProps {
  readonly run: RunOverview
  readonly theme: ChartTheme
  readonly size: ElementSize
  readonly response: HeatmapResponse
  readonly onChart: (handle: ChartHandle | null) => void
}

const Heatmap = ({ run, theme, size, response, onChart }: HeatmapProps) => {
  const { data, shownServers, firstRow, totalRows } = response
  const [hovered, setHovered] = useState<PlotPoint | null>(null)
  const plot = useMemo(() => createHeatmapLayout(data, { theme, formatting, ...size }).plot, [data, theme, size])
  const image = useMemo(() => paintCells(data, plot), [data, plot])
  // The title covers the whole horizon, independent of the zoom.
  const title = useMemo(
    () => heatmapTitle({ ...response.data, stepMs: run.stepMs }, formatting, run.extent.endMs - run.stepMs),
    [response, run],
  )
  const selectedRow = response.selectedRow === null ? undefined : data.rows[response.selectedRow]?.serverId
  // The chart's automatic interval places row labels too densely.
  const interval = Math.ceil(rowLabelPixels / (plot.height / Math.max(1, data.rows.length))) - 1
  const option = useCallback(
    ({ width, height }: ElementSize) => {
      const baseOption = createHeatmapOption(data, { theme, image, width, height, formatting, selected: selectedRow })
      return withRowLabels({ ...baseOption, title: { ...(baseOption.title as TitleComponentOption), text: title } }, interval)
    },
    [data, theme, image, selectedRow, title, interval],
  )

  const cellAtPoint = ({ x, y }: PlotPoint): HeatmapCell | null => cellAt(data, columnStartMs(data, x * data.columns), y * data.rows.length)
  const zoom = ({ x0, x1, y0, y1 }: PlotRegion): void => {
    if (x0 !== 0 || x1 !== 1) {
      const time = clampTime(run, { fromMs: columnStartMs(data, x0 * data.columns), toMs: columnStartMs(data, x1 * data.columns) })
      useHeatmapState.setState({ span: 'custom', time })
    }
    if (y0 !== 0 || y1 !== 1) {
      const rows = clampRows(totalRows, { from: firstRow + y0 * shownServers, to: firstRow + y1 * shownServers })
      useHeatmapState.setState({ rows })
    }
  }
  const selectCell = (point: PlotPoint): void => {
    const cell = cellAtPoint(point)
    if (cell !== null) selectServer(cell.row.serverId)
  }
  const cell = hovered === null ? null : cellAtPoint(hovered)

  return (
    <>
      <Chart label={title} option={option} onHandle={onChart} />
      <ZoomSurface
        label={`Heatmap cells: ${shownServers} servers in ${data.rows.length} rows. Arrow keys move, Enter selects, plus and minus zoom, 0 resets.`}
        plot={plot}
        columns={data.columns}
        rows={data.rows.length}
        onZoom={zoom}
        onReset={resetZoom(run)}
        onHover={setHovered}
        onSelect={selectCell}
      />
      {cell !== null && hovered !== null && (
        <CellTooltip
          response={response}
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

interface CellTooltipProps {
  readonly response: HeatmapResponse
  readonly cell: HeatmapCell
  readonly left: number
  readonly top: number
  readonly size: ElementSize
}

const tooltipSpace = { width: 260, height: 130, gap: 14 }

const CellTooltip = ({ response, cell, left, top, size }: CellTooltipProps) => {
  const cellText = describeCell(response.data, cell, formatting)
  const names = response.names[cell.rowIndex] ?? []
  const moreServers = cell.row.servers - names.length
  return (
    <div
      className="tooltip"
      role="tooltip"
      style={{
        ...(left > size.width - tooltipSpace.width ? { right: size.width - left + tooltipSpace.gap } : { left: left + tooltipSpace.gap }),
        ...(top > size.height - tooltipSpace.height ? { bottom: size.height - top + tooltipSpace.gap } : { top: top + tooltipSpace.gap }),
      }}
    >
      <strong>{cellText.serverText}</strong>
      {cell.row.servers > 1 && (
        <span className="muted">
          {names.join(', ')}
          {moreServers > 0 && ` and ${formatting.count(moreServers)} more`}
        </span>
      )}
      <span>{cellText.timeText}</span>
      <strong className="tooltip-value">{cellText.valueText}</strong>
      {cellText.notes.length > 0 && <span className="muted">{cellText.notes.join(' · ')}</span>}
    </div>
  )
}

export const paintCells = (data: HeatmapData, plot: Rectangle): HTMLCanvasElement | null => {
  if (data.rows.length === 0 || data.columns === 0) return null
  const { width, height, pixels } = paintMatrix(data, cellScale(data, plot, window.devicePixelRatio))
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0)
  return canvas
}
