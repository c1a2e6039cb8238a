// Long layout: one row per server, time, metric and model, with the values in columns of known names (Prophet, BigQuery, Snowflake, GluonTS).
import type { RoleMapping } from '../../../src-shared/run/input-mapping.ts'
import { plainName } from '../forecast-columns.ts'
import { foundKeys, valueRoles, type Reader, type SourceColumn, type ValueGroup } from './layout.ts'
import { quantileGroup, quantilesByStem } from './quantile-columns.ts'

/** Forecasts of the row's own columns; measurements where it has `actual` alone. */
export const readLong: Reader = (input) => {
  const { found, columns } = input
  const { keys, roles, candidates } = foundKeys(input)
  const byStem = quantilesByStem(columns)
  const bare = (byStem.get('') ?? byStem.get(plainName(found.predicted?.column.column ?? '')))?.quantiles ?? []
  const { median, yhat_lower, yhat_upper, level, quantiles } = quantileGroup(bare, input.boundLevel)
  const predicted = found.predicted?.column ?? median
  if (predicted === undefined && found.actual === undefined) return undefined
  const hasOwnBounds = found.yhat_lower !== undefined || found.yhat_upper !== undefined
  const group: ValueGroup = {
    ...(predicted === undefined ? {} : { predicted }),
    ...(found.actual === undefined ? {} : { actual: found.actual.column }),
    ...pickBounds(
      hasOwnBounds ? { yhat_lower: found.yhat_lower?.column, yhat_upper: found.yhat_upper?.column } : { yhat_lower, yhat_upper },
    ),
    level: hasOwnBounds ? undefined : level,
    quantiles: hasOwnBounds && quantiles.length === 0 && bare.length > 1 ? bare : quantiles,
  }
  const valueMappings = valueRoles.flatMap((role): RoleMapping[] => {
    const column = group[role]
    return column === undefined ? [] : [{ role, columns: [column.column], how: found[role]?.column === column ? found[role].how : 'alias' }]
  })
  const predictedCandidates = [found.predicted?.column, ...(found.predicted?.others ?? [])].flatMap((column) => column?.column ?? [])
  return {
    reader: predicted === undefined ? 'measurements' : 'long',
    keys,
    groups: [group],
    roles: [
      ...roles,
      ...valueMappings,
      ...(group.quantiles.length === 0
        ? []
        : [{ role: 'quantiles' as const, columns: group.quantiles.map(({ column }) => column.column), how: 'layout' as const }]),
    ],
    candidates: [...candidates, ...(predictedCandidates.length > 1 ? [{ role: 'predicted' as const, columns: predictedCandidates }] : [])],
    ...(isProphetSeries(input) ? { isServerFileName: true } : {}),
  }
}

const pickBounds = (bounds: { yhat_lower: SourceColumn | undefined; yhat_upper: SourceColumn | undefined }): Partial<ValueGroup> => ({
  ...(bounds.yhat_lower === undefined ? {} : { yhat_lower: bounds.yhat_lower }),
  ...(bounds.yhat_upper === undefined ? {} : { yhat_upper: bounds.yhat_upper }),
})

/** Prophet forecasts one series at a time: `ds`, `yhat` and components, all but the time numbers. */
const isProphetSeries: (input: Parameters<Reader>[0]) => boolean = ({ found, columns }) =>
  found.server_id === undefined &&
  plainName(found.timestamp?.column.column ?? '') === 'ds' &&
  plainName(found.predicted?.column.column ?? '') === 'yhat' &&
  columns.every((column) => column.isNumeric || column === found.timestamp?.column || column === found.cutoff?.column)
