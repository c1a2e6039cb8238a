// Columns that hold one quantile each, by their names, and the bounds among them.
import { columnAliases, plainName, type NamedColumn } from '../forecast-columns.ts'
import { mayBeNumbers, type QuantileColumn, type SourceColumn, type ValueGroup } from './layout.ts'

/** The name before the quantile, empty where the whole name says it; and its level. */
export interface NamedQuantile {
  readonly stem: string
  readonly level: number
}

/**
 * Names such as 0.1, p10, q0.1, quantile_0.9, 10%, timesfm-q-0.1, cpu_q0.10, TimeGPT-q-10, yhat1 10.0%; bounds of a stated level, such as Lo 80 or 80%_lower;
 * and the tuples of pandas, ('Quantiles', 0.1). A metric such as cpu_p95 is none.
 */
export const namedQuantile = ({ column, part }: NamedColumn): NamedQuantile | undefined => {
  if (part !== undefined) return part.level === undefined ? undefined : { stem: '', level: roundLevel(part.level) }
  const name = column.trim()
  const parts = tupleParts(name)
  if (parts !== undefined) return tupleQuantile(parts)
  const [, side, percent] =
    /^(?:(?:yhat|forecast|predicted|prediction|mean)[ ._-])?(lo|hi|low|high|lower|upper)[ ._-]?([5-9]\d(?:\.\d+)?)\s*%?$/i.exec(name) ?? []
  if (percent !== undefined) return { stem: '', level: boundQuantile(side!, Number(percent) / 100) }
  const [, dataRobot, dataRobotSide] = /^prediction_(\d{1,2})_percentile_(low|high)$/i.exec(name) ?? []
  if (dataRobot !== undefined) return { stem: '', level: boundQuantile(dataRobotSide!, Number(dataRobot) / 100) }
  const [, share, shareSide] = /^([5-9]\d(?:\.\d+)?)\s*%[ ._-](lower|upper)$/i.exec(name) ?? []
  if (share !== undefined) return { stem: '', level: boundQuantile(shareSide!, Number(share) / 100) }
  const bare =
    /^(?:q|quantiles?|p)?[-_ ]?(0?\.\d+)$/i.exec(name) ??
    /^(?:[pq]_?|(?:percentile|quantile)[_ ])(\d{1,2}(?:\.\d+)?)$/i.exec(name) ??
    /^(\d{1,2}(?:\.\d+)?) ?%$/.exec(name)
  const [, stem = '', text] =
    bare === null
      ? (/^(.+?)[-_](?:q|quantile)[-_]?(0?\.\d+|\d{1,2})$/i.exec(name) ??
        /^(.+?)[-_ ](\d{1,2}(?:\.\d+)?)%$/.exec(name) ??
        forecastPercentile.exec(name) ??
        [])
      : [name, '', bare[1]]
  if (text === undefined) return undefined
  const level = text.includes('.') && Number(text) < 1 ? Number(text) : Number(text) / 100
  return level > 0 && level < 1 ? { stem, level } : undefined
}

/** `cpu_p95` is a metric, `forecast_p95` a quantile. */
const forecastPercentile = /^(forecast|fcst|yhat|y_hat|predict|predicted|prediction|predictions)[-_ ]p(\d{1,2})$/i

/** The quantile that is the lower or upper bound of an interval. */
const boundQuantile = (side: string, level: number): number => roundLevel(/^lo/i.test(side) ? (1 - level) / 2 : (1 + level) / 2)

/** The parts of a name that pandas wrote from a column index of several levels, such as ('Coverage', 0.9, 'lower'). */
const tupleParts = (name: string): string[] | undefined => {
  const [, inner] = /^\((.*)\)$/.exec(name) ?? []
  if (inner === undefined || !inner.includes(',')) return undefined
  return inner.split(',').map((part) => part.trim().replace(/^(['"])(.*)\1$/, '$2'))
}

/** sktime names the variable by one of these where there is one alone. */
const unnamedVariables = new Set(['coverage', 'quantiles', '0', 'y'])

const tupleQuantile = (parts: readonly string[]): NamedQuantile | undefined => {
  const isBound = /^(lower|upper)$/i.test(parts.at(-1)!)
  const level = Number(parts.at(isBound ? -2 : -1))
  if (!(level > 0 && level < 1)) return undefined
  const names = parts.slice(0, isBound ? -2 : -1).filter((part) => part !== '' && !unnamedVariables.has(part.toLowerCase()))
  return { stem: names.join(' '), level: isBound ? boundQuantile(parts.at(-1)!, level) : level }
}

/** Two levels that mean the same, in spite of rounding. */
export const sameLevel = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9

/** The widest interval that is read as bounds. */
const maxBoundLevel = 0.95

const isBoundLevel = ({ level }: { readonly level: number }): boolean => level <= maxBoundLevel + 1e-9

export interface Interval {
  readonly level: number
  readonly lower: SourceColumn
  readonly upper: SourceColumn
}

/** That of the level that all files have; else of several intervals the widest not above 95 %, else the narrowest. */
export const chooseInterval = (intervals: readonly Interval[], commonLevel: number | undefined): Interval | undefined => {
  const widestFirst = [...intervals].sort((a, b) => b.level - a.level)
  const common = commonLevel === undefined ? undefined : widestFirst.find(({ level }) => sameLevel(level, commonLevel))
  return common ?? widestFirst.find(isBoundLevel) ?? widestFirst.at(-1)
}

/** Orbit's `prediction_5` and `prediction_95`: a number alone may count steps or models, numbers that all add up to 100 in pairs do not. */
const pairedQuantile = ({ column }: SourceColumn, columns: readonly SourceColumn[]): NamedQuantile | undefined => {
  const numbered = /^(.+)_(\d+(?:\.\d+)?)$/
  const [, stem, percent] = numbered.exec(column.trim()) ?? []
  if (stem === undefined || !(columnAliases.predicted as readonly string[]).includes(plainName(stem))) return undefined
  const numbers = columns.flatMap((candidate): number[] => {
    const [, other, number] = numbered.exec(candidate.column.trim()) ?? []
    return other !== undefined && plainName(other) === plainName(stem) ? [Number(number)] : []
  })
  const arePairs = numbers.every((number) => number > 0 && numbers.some((other) => sameLevel(number + other, 100)))
  return arePairs ? { stem, level: roundLevel(Number(percent) / 100) } : undefined
}

/** Quantiles q and 1 - q, as intervals of level 1 - 2 q. */
export const symmetricIntervals = (quantiles: readonly QuantileColumn[]): Interval[] =>
  quantiles.flatMap((low) => {
    const high = quantiles.find(({ level }) => sameLevel(level, 1 - low.level))
    return low.level < 0.5 && high !== undefined ? [{ level: roundLevel(1 - 2 * low.level), lower: low.column, upper: high.column }] : []
  })

/** Without the error of binary fractions: 1 - 2 x 0.1 is 0.8. */
export const roundLevel = (level: number): number => Math.round(level * 1e9) / 1e9

/** Bounds and median out of quantile columns, and all of them where they say more than that. One side alone becomes that bound. */
export const quantileGroup = (
  quantiles: readonly QuantileColumn[],
  commonLevel?: number,
): Pick<ValueGroup, 'yhat_lower' | 'yhat_upper' | 'level' | 'quantiles'> & { readonly median?: SourceColumn } => {
  const sorted = [...quantiles].sort((a, b) => a.level - b.level)
  const median = sorted.find(({ level }) => sameLevel(level, 0.5))?.column
  const interval = chooseInterval(symmetricIntervals(sorted), commonLevel)
  const outer = sorted.filter(({ level }) => !sameLevel(level, 0.5))
  const [single] = outer
  const isSingle = outer.length === 1 && single !== undefined
  return {
    ...(median === undefined ? {} : { median }),
    ...(interval === undefined
      ? isSingle
        ? { [single.level < 0.5 ? 'yhat_lower' : 'yhat_upper']: single.column }
        : {}
      : { yhat_lower: interval.lower, yhat_upper: interval.upper, level: interval.level }),
    quantiles: outer.length > (interval === undefined ? 1 : 2) ? sorted : [],
  }
}

/** Columns by the plain name before their quantile. */
export const quantilesByStem = (columns: readonly SourceColumn[]): Map<string, { stem: string; quantiles: QuantileColumn[] }> => {
  const stems = new Map<string, { stem: string; quantiles: QuantileColumn[] }>()
  for (const column of columns) {
    const named = mayBeNumbers(column) ? (namedQuantile(column) ?? pairedQuantile(column, columns)) : undefined
    if (named === undefined) continue
    const key = plainName(named.stem)
    const entry = stems.get(key) ?? { stem: named.stem, quantiles: [] }
    entry.quantiles.push({ level: named.level, column })
    stems.set(key, entry)
  }
  return stems
}

/** `MODEL-lo-80`, `MODEL-hi-90.0`. */
export const boundName = /^(.+)-(lo|hi)-(\d+(?:\.\d+)?)$/i

/** The level of the bounds that every model of every file has, by the rule of `chooseInterval`; undefined where none is common. */
export const commonBoundLevel = (files: readonly (readonly SourceColumn[])[]): number | undefined => {
  const levelSets: number[][] = []
  for (const columns of files) {
    const byModel = new Map<string, number[]>()
    for (const { column } of columns) {
      const [, model, side, percent] = boundName.exec(column.trim()) ?? []
      if (model === undefined || side!.toLowerCase() !== 'lo') continue
      byModel.set(plainName(model), [...(byModel.get(plainName(model)) ?? []), roundLevel(Number(percent) / 100)])
    }
    levelSets.push(...byModel.values())
    for (const { quantiles } of quantilesByStem(columns).values()) {
      const levels = symmetricIntervals(quantiles).map(({ level }) => level)
      if (levels.length > 0) levelSets.push(levels)
    }
  }
  const [first = [], ...others] = levelSets
  const isCommon = (level: number): boolean => others.every((levels) => levels.some((other) => sameLevel(other, level)))
  const widestFirst = first.filter(isCommon).sort((a, b) => b - a)
  return widestFirst.find((level) => isBoundLevel({ level })) ?? widestFirst.at(-1)
}
