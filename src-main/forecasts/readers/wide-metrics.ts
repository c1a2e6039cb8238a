// One group of columns per metric: Databricks' V_forecast, V_upper, V_lower; Darts' V_q0.10; and measurements with a column per metric.
import { unitOfMetric } from '../../../src-shared/config/metric-units.ts'
import { columnAliases, isForecastName, plainName } from '../forecast-columns.ts'
import {
  foundKeys,
  groupRoles,
  mayBeNumbers,
  valueColumns,
  type LayoutInput,
  type Reader,
  type SourceColumn,
  type ValueGroup,
  isUnreadText,
} from './layout.ts'
import { quantileGroup, quantilesByStem } from './quantile-columns.ts'

export const readWideMetrics: Reader = (input) => {
  const values = valueColumns(input)
  const groups = [...forecastColumns(values, input), ...quantileColumns(values, input)]
  if (groups.length > 0) return metricLayout(input, groups)
  const measured = measuredMetrics(input, values)
  return measured.length === 0 ? undefined : metricLayout(input, measured)
}

const metricLayout = (input: LayoutInput, groups: readonly ValueGroup[]): ReturnType<Reader> => {
  const { keys, roles, candidates } = foundKeys(input)
  const isNamed = groups.some(({ metric }) => metric !== undefined)
  const { metric: _, ...otherKeys } = keys
  return {
    reader: 'metrics',
    keys: isNamed ? otherKeys : keys,
    groups,
    roles: [...(isNamed ? roles.filter(({ role }) => role !== 'metric') : roles), ...groupRoles(groups)],
    candidates,
  }
}

/** A value column of a general name belongs to the default metric. */
const metricOf = (name: string): Pick<ValueGroup, 'metric'> =>
  [...columnAliases.actual, ...columnAliases.predicted].includes(plainName(name)) ? {} : { metric: name }

const forecastName = /^(.+)_(forecast|predicted|prediction|pred|fcst|yhat)$/i

/** V_forecast, V_lower and V_upper, with V or V_actual measured; or a metric V next to its bounds alone, which is then the forecast. */
const forecastColumns = (values: readonly SourceColumn[], { config, boundLevel }: LayoutInput): ValueGroup[] => {
  const unnamed = quantilesByStem(values).get('')?.quantiles ?? []
  const named = (name: string): SourceColumn | undefined => values.find(({ column }) => plainName(column) === plainName(name))
  const groups = values.flatMap((predicted): ValueGroup[] => {
    if (!mayBeNumbers(predicted)) return []
    const own = predicted.column.trim()
    const [, stem] = forecastName.exec(own) ?? []
    const name = stem ?? own
    const bound = (side: string): SourceColumn | undefined => named(`${name}_${side}`) ?? named(`${own}_${side}`)
    const [lower, upper] = [bound('lower'), bound('upper')]
    const hasForecast = values.some(({ column }) => plainName(forecastName.exec(column.trim())?.[1] ?? '') === plainName(name))
    const isBesideBounds = !hasForecast && lower !== undefined && upper !== undefined && unitOfMetric(config, name) !== undefined
    if (stem === undefined && !isBesideBounds) return []
    const actual = ['_actual', '_measured', '_observed', ...(stem === undefined ? [] : [''])]
      .map((ending) => named(`${name}${ending}`))
      .find((column) => column !== undefined)
    return [
      {
        ...metricOf(name),
        predicted,
        ...(lower === undefined ? {} : { yhat_lower: lower }),
        ...(upper === undefined ? {} : { yhat_upper: upper }),
        ...(actual === undefined ? {} : { actual }),
        quantiles: [],
      },
    ]
  })
  // Bounds without a name belong to the only forecast: DataRobot's PREDICTION_80_PERCENTILE_LOW.
  const { median: _, ...bounds } = quantileGroup(unnamed, boundLevel)
  return groups.length === 1 && unnamed.length > 0 ? groups.map((group) => ({ ...bounds, ...group, quantiles: bounds.quantiles })) : groups
}

/** Quantiles under one name each, with a median, or next to a metric of that name, which is then the forecast. */
const quantileColumns = (values: readonly SourceColumn[], { found, boundLevel, config }: LayoutInput): ValueGroup[] =>
  [...quantilesByStem(values).values()].flatMap(({ stem, quantiles }) => {
    const { median, ...bounds } = quantileGroup(quantiles, boundLevel)
    const metric = unitOfMetric(config, stem) === undefined ? undefined : values.find(({ column }) => plainName(column) === plainName(stem))
    const predicted = median ?? metric
    if (stem === '' || predicted === undefined) return []
    return [{ ...metricOf(stem), predicted, ...bounds, ...(found.actual === undefined ? {} : { actual: found.actual.column }) }]
  })

/** Columns whose names are all those of metrics, or that the user states to be metrics. */
const measuredMetrics = ({ found, config }: LayoutInput, values: readonly SourceColumn[]): ValueGroup[] => {
  const isMetric = ({ column }: SourceColumn): boolean => unitOfMetric(config, column.trim()) !== undefined
  const isStated = config.wide === 'metrics'
  const numbers = values.filter(
    (column) =>
      column.isNumeric ||
      (isMetric(column) && (mayBeNumbers(column) || (isUnreadText(column) && (isStated || column === found.actual?.column)))),
  )
  if (found.server_id === undefined || found.timestamp === undefined || numbers.length === 0) return []
  if (!isStated && !numbers.every((column) => isMetric(column) && !isForecastName(column.column))) return []
  const role = config.map.predicted === '*' ? 'predicted' : 'actual'
  return numbers.map((column) => ({ metric: column.column.trim(), [role]: column, quantiles: [] }))
}
