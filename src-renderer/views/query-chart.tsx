// A quick look at an answer: one column against another, as bars over names or a line over times or numbers.
import type { EChartsOption } from 'echarts'
import { useCallback, useState } from 'react'
import { barsOption } from '../../src-shared/chart-options/bars.ts'
import { plainBase, plainTooltip, timeAxis, valueAxis } from '../../src-shared/chart-options/plain-axes.ts'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import type { Cell } from '../../src-shared/fleet-view.ts'
import type { QueryAnswer } from '../../src-shared/query-contract.ts'
import { ChartFrame } from '../components/chart-frame.tsx'
import { Select } from '../components/choice.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { formatting } from '../theme/formatting.ts'

const mostBars = 60
const isTime = (type: string): boolean => /^(TIMESTAMP|DATE)/.test(type)

const numbersOf = ({ columns, rows }: QueryAnswer): string[] =>
  columns.filter((_, index) => rows.some((row) => typeof row[index] === 'number')).map(({ name }) => name)

export const QueryChart = ({ answer, theme }: { readonly answer: QueryAnswer; readonly theme: ChartTheme }) => {
  const { columns } = answer
  const numbers = numbersOf(answer)
  const [across, setAcross] = useState(columns.find(({ name }) => !numbers.includes(name))?.name ?? columns[0]?.name ?? '')
  const [up, setUp] = useState(numbers.find((name) => name !== across) ?? '')
  const option = useCallback(() => chartOption(answer, across, up, theme), [answer, across, up, theme])
  if (up === '') {
    return (
      <EmptyState title="There is nothing to draw">
        The answer has no column of numbers. Ask for one, such as horizon_p95 or count(*).
      </EmptyState>
    )
  }
  const title = `${up} by ${across}`
  return (
    <div className="query-chart">
      <div className="form-inline">
        <Select label="Across" value={across} options={columns.map(({ name }) => ({ value: name, label: name }))} onChange={setAcross} />
        <Select label="Up" value={up} options={numbers.map((name) => ({ value: name, label: name }))} onChange={setUp} />
      </div>
      <ChartFrame
        className="tall"
        title={title}
        note={!isTime(typeOf(answer, across)) && answer.rows.length > mostBars ? `The first ${mostBars} rows` : undefined}
        label={title}
        option={option}
        table={() => ({
          columns: [across, up],
          rows: answer.rows.map((row) => [cellAt(answer, row, across), cellAt(answer, row, up)]),
        })}
      />
    </div>
  )
}

const placeOf = ({ columns }: QueryAnswer, name: string): number => columns.findIndex((column) => column.name === name)
const typeOf = (answer: QueryAnswer, name: string): string => answer.columns[placeOf(answer, name)]?.type ?? ''

const cellAt = (answer: QueryAnswer, row: QueryAnswer['rows'][number], name: string): Cell => {
  const value = row[placeOf(answer, name)] ?? null
  return value === null || typeof value !== 'object' ? value : JSON.stringify(value)
}

const chartOption = (answer: QueryAnswer, across: string, up: string, theme: ChartTheme): EChartsOption => {
  const chart = { theme, formatting }
  const number = (row: QueryAnswer['rows'][number]): number | null => {
    const value = cellAt(answer, row, up)
    return typeof value === 'number' ? value : null
  }
  if (!isTime(typeOf(answer, across))) {
    const shown = answer.rows.slice(0, mostBars)
    return barsOption(
      {
        names: shown.map((row) => String(cellAt(answer, row, across) ?? '–')),
        unit: '',
        kinds: [{ name: up, color: theme.accent, values: shown.map(number) }],
      },
      chart,
    )
  }
  const points = answer.rows
    .map((row): [number, number | null] => [Date.parse(String(cellAt(answer, row, across))), number(row)])
    .filter(([timeMs]) => !Number.isNaN(timeMs))
    .sort(([a], [b]) => a - b)
  return {
    ...plainBase(chart),
    xAxis: timeAxis(chart, points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1),
    yAxis: valueAxis(chart, ''),
    tooltip: { ...plainTooltip(chart), trigger: 'axis' },
    series: [{ type: 'line', name: up, data: points, showSymbol: points.length < 80, sampling: 'minmax', color: theme.accent }],
  }
}
