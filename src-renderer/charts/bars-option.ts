// A bar chart over names or times: one or several stacked series, optionally with intervals.
import type { BarSeriesOption, CustomSeriesOption, EChartsOption } from 'echarts'
import { escapeHtml, toPrintable } from '../../src-shared/chart-options/format.ts'
import { createCategoryAxis, createBaseOption, createTooltip, createValueAxis, type ChartContext } from './chart-axes.ts'
import { intervalShape, valueMark, valueMarkSpace } from './chart-marks.ts'
import { fontSizes } from '../../src-shared/chart-options/title.ts'

export interface BarKind {
  readonly name: string
  readonly color: string
  /** One per name; null draws no bar. */
  readonly values: readonly (number | null)[]
  /** The invisible base of a waterfall bar, left out of the tooltip. */
  readonly isBase?: boolean
  /** Hatching makes it distinguishable without colour. */
  readonly isHatched?: boolean
}

export interface BarsData {
  readonly names: readonly string[]
  readonly unit: string
  readonly kinds: readonly BarKind[]
  /** Intervals of the first kind's values. */
  readonly intervals?: readonly (readonly [number, number] | null)[]
  /** A value that bars are compared with; of vertical bars. */
  readonly mark?: { readonly value: number; readonly name: string }
  /** Maximum of the axis. */
  readonly max?: number
  /** Bars of the kinds stand next to each other, not on each other. */
  readonly isGrouped?: boolean
  /** Horizontal bars, for long names. */
  readonly isHorizontal?: boolean
  /** Labels at the end of the bars. */
  readonly labels?: readonly string[]
  /** Additional tooltip text per name. */
  readonly notes?: readonly string[]
}

const labelGap = 14

/** Intervals with the labels of horizontal bars right of them, where they would lie on the interval. */
const intervalSeries = (data: BarsData, chart: ChartContext): CustomSeriesOption => {
  const rows = (data.intervals ?? []).flatMap((interval, index) => (interval === null ? [] : [{ interval, index }]))
  const isHorizontal = data.isHorizontal === true
  const { theme } = chart
  return {
    type: 'custom',
    id: 'intervals',
    silent: true,
    z: 5,
    data: rows.map(({ interval, index }) => (isHorizontal ? [...interval, index] : [index, ...interval])),
    encode: isHorizontal ? { x: [0, 1], y: 2 } : { x: 0, y: [1, 2] },
    renderItem: (params, api) => {
      const row = rows[params.dataIndex]
      if (row === undefined) return { type: 'group', children: [] }
      const [low, high] = row.interval
      if (!isHorizontal) return { type: 'group', children: [intervalShape(chart, api, [row.index, low], [row.index, high])] }
      const [x = 0, y = 0] = api.coord([Math.max(high, 0), row.index])
      const text = data.labels?.[row.index] ?? ''
      const font = `${fontSizes.small}px ${theme.font.family}`
      return {
        type: 'group',
        children: [
          intervalShape(chart, api, [low, row.index], [high, row.index]),
          {
            type: 'text',
            style: {
              text,
              x: x + labelGap / 2,
              y,
              fill: theme.text,
              stroke: theme.background,
              lineWidth: 3,
              font,
              verticalAlign: 'middle',
            },
          },
        ],
      }
    },
  }
}

/** Width in pixels of the widest text, plus a gap. */
const labelSpace = ({ theme }: ChartContext, texts: readonly string[]): number =>
  labelGap + Math.max(0, ...texts.map((text) => theme.font.measure(text, fontSizes.small)))

/** The highest stack, rounded up as for an axis. */
const maxStackHeight = ({ kinds, names, max }: BarsData): number => {
  const stacks = names.map((_, index) => kinds.reduce((sum, { values }) => sum + Math.abs(values[index] ?? 0), 0))
  return Math.max(max ?? 0, ...stacks.map((height) => (height < 1 ? height : Math.ceil(height))))
}

/** Up to a few units, the values between whole ones have labels too. */
const tickTexts = (data: BarsData, { formatting }: ChartContext): readonly string[] => {
  const height = maxStackHeight(data)
  return [height, ...(height > 5 ? [] : [height - 0.1])].map((value) => formatting.value(value, data.unit))
}

/** Needs BarChart, CustomChart, GridComponent and TooltipComponent. The series id is the index of the kind. */
export const createBarsOption = (data: BarsData, chart: ChartContext): EChartsOption => {
  const { theme, formatting } = chart
  const isHorizontal = data.isHorizontal === true
  const nameSpace = Math.min(200, labelSpace(chart, data.names.map(toPrintable)))
  const names = createCategoryAxis(chart, data.names.map(toPrintable), isHorizontal ? nameSpace - labelGap / 2 : undefined)
  const last = data.kinds.length - 1
  // Half a server is none.
  const ticks = data.kinds.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)))
    ? { minInterval: 1 }
    : {}
  const series = data.kinds.map(({ name, color, values, isBase = false, isHatched = false }, kindIndex): BarSeriesOption => ({
    type: 'bar',
    id: String(kindIndex),
    name,
    ...(data.isGrouped === true ? {} : { stack: 'all' }),
    silent: isBase,
    barMaxWidth: 34,
    barCategoryGap: '28%',
    data: values.map((value) => value),
    itemStyle: isBase
      ? { color: 'transparent' }
      : {
          color,
          ...(isHatched
            ? { decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: theme.background } }
            : {}),
        },
    emphasis: { disabled: true },
    ...(kindIndex === 0 && data.mark !== undefined
      ? { markLine: { silent: true, symbol: 'none', data: [valueMark(chart, data.mark.value, data.mark.name, theme.text)] } }
      : {}),
    ...(kindIndex === last && data.labels !== undefined
      ? {
          label: {
            show: true,
            position: isHorizontal ? ('right' as const) : ('top' as const),
            formatter: ({ dataIndex }: { readonly dataIndex: number }) =>
              isHorizontal && (data.intervals?.[dataIndex] ?? null) !== null ? '' : (data.labels?.[dataIndex] ?? ''),
            color: theme.text,
            // Lines of the grid do not cross it.
            textBorderColor: theme.background,
            textBorderWidth: 3,
            fontFamily: theme.font.family,
            fontSize: fontSizes.small,
          },
        }
      : {}),
  }))
  return {
    ...createBaseOption(chart),
    grid: isHorizontal
      ? {
          left: nameSpace,
          right: Math.max(70, labelSpace(chart, data.labels ?? [])),
          top: 6,
          bottom: 24,
          outerBoundsMode: 'none',
        }
      : {
          left: Math.max(52, labelSpace(chart, tickTexts(data, chart))),
          right: data.mark === undefined ? 16 : valueMarkSpace(chart, data.mark.name),
          top: 18,
          bottom: 30,
          outerBoundsMode: 'none',
        },
    aria: { enabled: true, label: { enabled: false }, decal: { show: false } },
    xAxis: isHorizontal ? { ...(createValueAxis(chart, data.unit, ticks) as object), type: 'value' } : names,
    yAxis: isHorizontal
      ? { ...(names as object), type: 'category', inverse: true }
      : createValueAxis(chart, data.unit, data.max === undefined ? ticks : { ...ticks, max: data.max }),
    tooltip: {
      ...createTooltip(chart),
      trigger: 'item',
      formatter: (params) => {
        const { dataIndex = 0 } = Array.isArray(params) ? {} : params
        const rows = data.kinds
          .filter(({ isBase }) => isBase !== true)
          .flatMap(({ name, values }) => {
            const value = values[dataIndex] ?? null
            return value === null ? [] : [`${escapeHtml(name)} <b>${formatting.value(value, data.unit)}</b>`]
          })
        const interval = data.intervals?.[dataIndex] ?? null
        const notes = data.notes?.[dataIndex]
        return [
          `<b>${escapeHtml(toPrintable(data.names[dataIndex] ?? ''))}</b>`,
          ...rows,
          ...(interval === null ? [] : [`interval ${interval.map((end) => formatting.value(end, data.unit)).join(' to ')}`]),
          ...(notes === undefined || notes === '' ? [] : [escapeHtml(notes)]),
        ].join('<br>')
      },
    },
    series: [...series, ...(data.intervals === undefined ? [] : [intervalSeries(data, chart)])],
  }
}
