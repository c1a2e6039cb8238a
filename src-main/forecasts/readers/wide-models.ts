// One column per model, with its intervals and quantiles in further columns: Nixtla's libraries, TimeGPT, TimesFM.
import { unitOfMetric } from '../../../src-shared/config/metric-units.ts'
import { findCloseName } from '../../../src-shared/config/nearest-name.ts'
import { columnAliases, plainName } from '../forecast-columns.ts'
import {
  foundKeys,
  groupRoles,
  isStatistic,
  mayBeNumbers,
  valueColumns,
  type LayoutInput,
  type Reader,
  type SourceColumn,
  type ValueGroup,
} from './layout.ts'
import { boundName, chooseInterval, namedQuantile, roundLevel, sameLevel, symmetricIntervals, type Interval } from './quantile-columns.ts'

/** Plain names of models that have bounds or quantiles in columns next to them. */
export const boundedModels = (columns: readonly { readonly column: string }[]): string[] => {
  const names = new Set(columns.map(({ column }) => plainName(column)))
  const stems = columns.flatMap(({ column }) => boundName.exec(column.trim())?.[1] ?? [])
  return [...new Set(stems.map(plainName))].filter((stem) => names.has(stem) || names.has(`${stem}-median`))
}

export const readWideModels: Reader = (input) => {
  const values = valueColumns(input).filter((column) => column !== input.found.actual?.column)
  const stated = input.config.wide === 'models'
  const bounded = new Set(boundedModels(values))
  const quantileStems = new Set(
    values.flatMap((column) => (/[-]q[-]/i.test(column.column) ? (namedQuantile(column)?.stem ?? []) : [])).map(plainName),
  )
  const isPart = (column: SourceColumn): boolean =>
    boundName.test(column.column.trim()) || /-median$/i.test(column.column.trim()) || namedQuantile(column) !== undefined
  const isModel = (column: SourceColumn): boolean => {
    const name = plainName(column.column)
    if (!mayBeNumbers(column) || isPart(column)) return false
    return bounded.has(name) || quantileStems.has(name) || input.knownModels.has(name) || stated
  }
  const models = values.filter(isModel)
  const medians = values.filter(
    ({ column }) => /-median$/i.test(column.trim()) && bounded.has(plainName(column).slice(0, -'-median'.length)),
  )
  const medianOnly = medians.filter(
    ({ column }) => !models.some((model) => plainName(model.column) === plainName(column).slice(0, -'-median'.length)),
  )
  const quantileOnly = [...quantileStems].filter((stem) => !models.some(({ column }) => plainName(column) === stem))
  const groups = [
    ...models.map((column) => modelGroup(column.column.trim(), column, values, input)),
    ...medianOnly.map((column) => modelGroup(column.column.trim().slice(0, -'-median'.length), column, values, input)),
    ...quantileOnly.flatMap((stem) => quantileModel(stem, values, input)),
  ]
  return groups.length === 0 ? onlyNumber(input, values) : modelLayout(input, groups)
}

const modelLayout = (input: LayoutInput, groups: readonly ValueGroup[]): ReturnType<Reader> => {
  const { keys, roles, candidates } = foundKeys(input)
  const { model: _, ...otherKeys } = keys
  return {
    reader: 'models',
    keys: otherKeys,
    groups,
    roles: [...roles.filter(({ role }) => role !== 'model'), ...groupRoles(groups)],
    candidates,
  }
}

const modelGroup = (
  model: string,
  predicted: SourceColumn,
  values: readonly SourceColumn[],
  { found, boundLevel }: LayoutInput,
): ValueGroup => {
  const stem = plainName(model)
  const byLevel = new Map<number, { lower?: SourceColumn; upper?: SourceColumn }>()
  for (const column of values) {
    const [, name, side, percent] = boundName.exec(column.column.trim()) ?? []
    if (name === undefined || plainName(name) !== stem) continue
    const level = roundLevel(Number(percent) / 100)
    byLevel.set(level, { ...byLevel.get(level), [side!.toLowerCase() === 'lo' ? 'lower' : 'upper']: column })
  }
  const intervals = [...byLevel].flatMap(([level, { lower, upper }]): Interval[] =>
    lower === undefined || upper === undefined ? [] : [{ level, lower, upper }],
  )
  const named = values.flatMap((column) => {
    const quantile = namedQuantile(column)
    return quantile !== undefined && quantile.stem !== '' && plainName(quantile.stem) === stem ? [{ level: quantile.level, column }] : []
  })
  const median = values.find(({ column }) => plainName(column) === `${stem}-median`)
  const stated = intervals.find(({ lower, upper }) => lower === found.yhat_lower?.column && upper === found.yhat_upper?.column)
  const sided = [...byLevel.values()][0]
  const bounds = stated ?? chooseInterval(intervals, boundLevel) ?? chooseInterval(symmetricIntervals(named), boundLevel)
  const quantiles = [
    ...intervals.flatMap(({ level, lower, upper }) => [
      { level: roundLevel((1 - level) / 2), column: lower },
      { level: roundLevel((1 + level) / 2), column: upper },
    ]),
    ...named,
    ...(median === undefined || median === predicted ? [] : [{ level: 0.5, column: median }]),
  ].sort((a, b) => a.level - b.level)
  return {
    model,
    predicted,
    ...(found.actual === undefined ? {} : { actual: found.actual.column }),
    ...(bounds === undefined
      ? {
          ...(sided?.lower === undefined ? {} : { yhat_lower: sided.lower }),
          ...(sided?.upper === undefined ? {} : { yhat_upper: sided.upper }),
        }
      : { yhat_lower: bounds.lower, yhat_upper: bounds.upper, level: bounds.level }),
    quantiles: quantiles.length > 2 ? quantiles : [],
  }
}

/** A model of quantiles alone: its median is the prediction. */
const quantileModel = (stem: string, values: readonly SourceColumn[], input: LayoutInput): ValueGroup[] => {
  const own = values.filter((column) => plainName(namedQuantile(column)?.stem ?? '') === stem)
  const median = own.find((column) => sameLevel(namedQuantile(column)?.level ?? 0, 0.5))
  return median === undefined ? [] : [modelGroup(namedQuantile(median)!.stem, median, values, input)]
}

/** The only number of a file is a model, unless its name is that of a metric or nearly that of a value column. */
const onlyNumber = (input: LayoutInput, values: readonly SourceColumn[]): ReturnType<Reader> => {
  const numbers = values.filter((column) => column.isNumeric && !isStatistic(column))
  const [number] = numbers
  if (number === undefined || numbers.length > 1 || unitOfMetric(input.config, number.column.trim()) !== undefined) return undefined
  const roleNames = [...columnAliases.predicted, ...columnAliases.actual].filter((name) => name.length > 3)
  if (findCloseName(number.column.trim(), roleNames) !== undefined) return undefined
  if (input.found.server_id === undefined || input.found.timestamp === undefined) return undefined
  return modelLayout(input, [modelGroup(number.column.trim(), number, values, input)])
}
