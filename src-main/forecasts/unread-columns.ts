// Warns of columns that may be measurements or bounds by their names, where the file has none of that role, and of metrics written as text.
import { unitOfMetric } from '../../src-shared/config/metric-units.ts'
import type { ColumnRoleName, InputMapping } from '../../src-shared/run/input-mapping.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import { mapArgument } from './forecast-columns.ts'
import type { ReadingConfig } from './readers/layout.ts'

const likelyNames: readonly (readonly [role: ColumnRoleName, pattern: RegExp])[] = [
  ['actual', /actual|observed|ground_?truth/i],
  ['yhat_lower', /lower|lwr|^(lo|low|min|minimum)$|_(lo|low)$/i],
  ['yhat_upper', /upper|upr|^(hi|high|max|maximum)$|_(hi|high)$/i],
]

/** Roles are missed in forecasts alone: the level and the statement of a measurement need neither. */
export const unreadColumnWarnings = ({ files }: Pick<InputMapping, 'files'>, config: ReadingConfig): RunWarning[] => {
  const options = new Map<string, string>()
  const isWanted = (metric: string): boolean =>
    unitOfMetric(config, metric) !== undefined && (config.metrics === undefined || config.metrics.includes(metric))
  for (const { format, reader, roles, unused } of files) {
    const textMetrics =
      format === 'parquet' && reader === 'metrics' && config.wide === undefined ? unused.filter((name) => isWanted(name.trim())) : []
    for (const column of textMetrics) options.set(column, '--wide metrics')
    const has = (wanted: ColumnRoleName): boolean => roles.some(({ role }) => role === wanted)
    if (!has('predicted')) continue
    for (const [role, pattern] of likelyNames) {
      // Quantiles are bounds, but tell nothing of what was measured.
      const isKnown = has(role) || (role !== 'actual' && has('quantiles'))
      const column = isKnown ? undefined : unused.find((name) => pattern.test(name))
      if (column !== undefined) options.set(column, mapArgument(role, column))
    }
  }
  if (options.size === 0) return []
  const names = [...options.keys()]
  const message = `Not read, though the name suggests a role: ${names.join(', ')}. To read: ${[...new Set(options.values())].join(' ')}.`
  return [{ code: 'unread-columns', message, count: names.length, examples: names }]
}
