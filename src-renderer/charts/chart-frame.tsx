// A chart with heading, table and export menu; and the menu for charts without a frame.
import type { EChartsOption } from 'echarts'
import { Download } from 'lucide-react'
import { useCallback, useRef, useState, type ReactNode } from 'react'
import { Chart, type ChartHandle, type ChartProps, type ElementSize } from './chart.tsx'
import { useExportActions } from '../components/export-context.ts'
import { fileFormatLabels } from '../theme/labels.ts'
import { DataTable, TableToggle } from '../components/data-table.tsx'
import { Popover } from '../components/popover.tsx'
import { formatTable, textFormats, type TableContent } from '../components/format-table.ts'

export interface LegendEntry {
  readonly label: string
  readonly color: string
  readonly mark: 'line' | 'dashed' | 'area' | 'bar'
  /** Ids of the series that the entry shows and hides. */
  readonly series: readonly string[]
}

/** The series stay where they are, without data and marks, so that axes and colours do not move. */
const hideSeries = (option: EChartsOption, hidden: ReadonlySet<string>): EChartsOption => {
  const series = option.series
  if (hidden.size === 0 || !Array.isArray(series)) return option
  return {
    ...option,
    series: series.map((one) =>
      hidden.has(String(one.id)) ? ({ ...one, data: [], markArea: undefined, markLine: undefined } as typeof one) : one,
    ),
  }
}

export interface ChartFrameProps extends ChartProps {
  /** The finding as a sentence. */
  readonly title: string
  readonly note?: string | undefined
  readonly legend?: readonly LegendEntry[]
  /** Controls of the chart, left of its table and export. */
  readonly actions?: ReactNode
  readonly table: () => TableContent
  readonly className?: string
}

const noSeries: ReadonlySet<string> = new Set()

export const ChartFrame = ({ title, note, legend, actions, table, className = '', ...chart }: ChartFrameProps) => {
  const { copyWithNotice, saveFile } = useExportActions()
  const handle = useRef<ChartHandle | null>(null)
  const [isTable, setIsTable] = useState(false)
  const [hidden, setHidden] = useState<ReadonlySet<string>>(noSeries)
  const { option } = chart
  const shownOption = useCallback((size: ElementSize) => hideSeries(option(size), hidden), [option, hidden])
  const toggle = ({ series }: LegendEntry): void =>
    setHidden((current) => {
      const others = [...current].filter((id) => !series.includes(id))
      return new Set(others.length < current.size ? others : [...others, ...series])
    })
  const storeHandle = useCallback((newHandle: ChartHandle | null) => {
    handle.current = newHandle
  }, [])
  const fileName = (kind: string): string => `${title.replace(/[^\p{L}\p{N} .-]+/gu, '').slice(0, 80)}.${kind}`
  return (
    <section className={`chart-frame ${className}`} aria-label={title}>
      <header className="chart-head">
        <div>
          <h2>{title}</h2>
          {note !== undefined && <p className="muted">{note}</p>}
          {legend !== undefined && <Legend entries={legend} hidden={hidden} onToggle={toggle} />}
        </div>
        <span className="toolbar-gap" />
        {actions}
        <TableToggle name={title} isTable={isTable} onChange={setIsTable} />
        <Popover label={<Download size={15} aria-label="Export" />} name={`Export: ${title}`} align="right">
          <ul className="menu-list">
            {textFormats.map((format) => (
              <li key={format}>
                <button
                  type="button"
                  className="menu-item"
                  data-close
                  onClick={() => {
                    void copyWithNotice(formatTable(table(), format), 'Table')
                  }}
                >
                  Copy as {fileFormatLabels[format]}
                </button>
              </li>
            ))}
            <SaveImageItems fileName={fileName} handle={() => handle.current} isDisabled={isTable} />
            <li>
              <button
                type="button"
                className="menu-item"
                data-close
                onClick={() => {
                  void saveFile(fileName('csv'), 'csv', formatTable(table(), 'csv'))
                }}
              >
                Save as CSV…
              </button>
            </li>
          </ul>
        </Popover>
      </header>
      {isTable ? (
        <DataTable label={title} content={table()} />
      ) : (
        <div className="chart-body">
          <Chart {...chart} option={shownOption} onHandle={storeHandle} />
        </div>
      )}
    </section>
  )
}

interface LegendProps {
  readonly entries: readonly LegendEntry[]
  readonly hidden: ReadonlySet<string>
  readonly onToggle: (entry: LegendEntry) => void
}

const Legend = ({ entries, hidden, onToggle }: LegendProps) => (
  <ul className="chart-legend" aria-label="Legend">
    {entries.map((entry) => {
      const isShown = !entry.series.some((id) => hidden.has(id))
      return (
        <li key={entry.label}>
          <button
            type="button"
            className="legend-entry"
            aria-pressed={isShown}
            title={`${isShown ? 'Hide' : 'Show'} ${entry.label}`}
            onClick={() => onToggle(entry)}
          >
            <span className="legend-mark" data-mark={entry.mark} style={{ color: entry.color }} aria-hidden /> {entry.label}
          </button>
        </li>
      )
    })}
  </ul>
)

export interface SaveImageMenuProps {
  /** File name without extension. */
  readonly name: string
  readonly handle: () => ChartHandle | null
}

export const SaveImageMenu = ({ name, handle }: SaveImageMenuProps) => (
  <Popover label={<Download size={15} aria-label="Export" />} name={`Export: ${name}`} align="right">
    <ul className="menu-list">
      <SaveImageItems fileName={(kind) => `${name}.${kind}`} handle={handle} />
    </ul>
  </Popover>
)

interface SaveImageItemsProps {
  readonly fileName: (kind: string) => string
  readonly handle: () => ChartHandle | null
  readonly isDisabled?: boolean
}

const SaveImageItems = ({ fileName, handle, isDisabled = false }: SaveImageItemsProps) => {
  const { saveFile } = useExportActions()
  return (['png', 'svg'] as const).map((kind) => (
    <li key={kind}>
      <button
        type="button"
        className="menu-item"
        data-close
        disabled={isDisabled}
        onClick={() => {
          const image = handle()?.exportImage(kind)
          if (image !== undefined) void saveFile(fileName(kind), kind, image)
        }}
      >
        Save as {fileFormatLabels[kind]}…
      </button>
    </li>
  ))
}
