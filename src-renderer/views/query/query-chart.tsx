// A chart of a query result: one column against another, as bars by name or a line over time.
import type { EChartsOption } from 'echarts'
import { useCallback, useState } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import { createBaseOption, createTooltip, createTimeAxis, createValueAxis } from '../../charts/chart-axes.ts'
import type { ElementSize } from '../../charts/chart.tsx'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { Cell } from '../../../src-shared/ipc/fleet-view.ts'
import { isNumericType, type QueryResponse } from '../../../src-shared/ipc/user-sql.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { Select } from '../../components/select.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { utcFormatting } from '../../theme/formatting.ts'

const maxBars = 60
const isTime = (type: string): boolean => /^(TIMESTAMP|DATE)/.test(type)

const numericColumns = ({ columns, rows }: QueryResponse): string[] =>
  columns
    .filter(({ type }, index) => rows.some((row) => typeof row[index] === 'number' || (isNumericType(type) && row[index] !== null)))
    .map(({ name }) => name)

export const QueryChart = ({ result, theme }: { readonly result: QueryResponse; readonly theme: ChartTheme }) => {
  const { columns } = result
  const numbers = numericColumns(result)
  const [xColumn, setXColumn] = useState(columns.find(({ name }) => !numbers.includes(name))?.name ?? columns[0]?.name ?? '')
  const [yColumn, setYColumn] = useState(numbers.find((name) => name !== xColumn) ?? '')
  const option = useCallback(
    ({ width }: ElementSize) => chartOption(result, xColumn, yColumn, theme, width),
    [result, xColumn, yColumn, theme],
  )
  if (yColumn === '') {
    return <EmptyState title="No numeric column">Select a numeric column such as horizon_p95 or count(*).</EmptyState>
  }
  const title = `${yColumn} by ${xColumn}`
  return (
    <div className="query-chart">
      <div className="form-inline">
        <Select label="X axis" value={xColumn} options={columns.map(({ name }) => ({ value: name, label: name }))} onChange={setXColumn} />
        <Select label="Y axis" value={yColumn} options={numbers.map((name) => ({ value: name, label: name }))} onChange={setYColumn} />
      </div>
      <ChartFrame
        className="tall"
        title={title}
        note={!isTime(columnType(result, xColumn)) && result.rows.length > maxBars ? `The first ${maxBars} rows` : undefined}
        label={title}
        option={option}
        table={() => ({
          columns: [xColumn, yColumn],
          rows: result.rows.map((row) => [cellAt(result, row, xColumn), cellAt(result, row, yColumn)]),
        })}
      />
    </div>
  )
}

const columnIndex = ({ columns }: QueryResponse, name: string): number => columns.findIndex((column) => column.name === name)
const columnType = (result: QueryResponse, name: string): string => result.columns[columnIndex(result, name)]?.type ?? ''

const cellAt = (result: QueryResponse, row: QueryResponse['rows'][number], name: string): Cell => {
  const value = row[columnIndex(result, name)] ?? null
  return value === null || typeof value !== 'object' ? value : JSON.stringify(value)
}

/** Left and right of the plot of `createBaseOption`. */
const plotSides = 80

const chartOption = (result: QueryResponse, xColumn: string, yColumn: string, theme: ChartTheme, width: number): EChartsOption => {
  const chartContext = { theme, formatting: utcFormatting() }
  const number = (row: QueryResponse['rows'][number]): number | null => {
    const value = Number(cellAt(result, row, yColumn) ?? Number.NaN)
    return Number.isFinite(value) ? value : null
  }
  if (!isTime(columnType(result, xColumn))) {
    const shownRows = result.rows.slice(0, maxBars)
    return createBarsOption(
      {
        names: shownRows.map((row) => String(cellAt(result, row, xColumn) ?? '–')),
        unit: '',
        kinds: [{ name: yColumn, color: theme.accent, values: shownRows.map(number) }],
      },
      chartContext,
    )
  }
  const points = result.rows
    .map((row): [number, number | null] => [Date.parse(String(cellAt(result, row, xColumn))), number(row)])
    .filter(([timeMs]) => !Number.isNaN(timeMs))
    .sort(([a], [b]) => a - b)
  return {
    ...createBaseOption(chartContext),
    xAxis: createTimeAxis(chartContext, points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1, width - plotSides, 0),
    yAxis: createValueAxis(chartContext, ''),
    tooltip: { ...createTooltip(chartContext), trigger: 'axis' },
    series: [{ type: 'line', name: yColumn, data: points, showSymbol: points.length < 80, sampling: 'minmax', color: theme.accent }],
  }
}
