// One column per server, named after it: Darts, sktime, and spreadsheets. The user states it, since nothing in the names does.
import { plainName } from '../forecast-columns.ts'
import {
  foundKeys,
  groupRoles,
  mayBeNumbers,
  valueColumns,
  type LayoutInput,
  type Reader,
  type SourceColumn,
  type ValueGroup,
} from './layout.ts'
import { quantileGroup, quantilesByStem } from './quantile-columns.ts'

export const readWideServers: Reader = (input) => {
  if (input.config.wide !== 'servers') return undefined
  const values = valueColumns(input).filter((column) => mayBeNumbers(column) && !isSplunkSpan(column))
  const byStem = quantilesByStem(values)
  const parts = new Set([...byStem.values()].flatMap(({ quantiles }) => quantiles.map(({ column }) => column)))
  const named = (name: string): SourceColumn | undefined => values.find(({ column }) => plainName(column) === plainName(name))
  const boundsOf = ({ column }: SourceColumn): Pick<ValueGroup, 'yhat_lower' | 'yhat_upper'> => {
    const [lower, upper] = [named(`${column.trim()}_lower`), named(`${column.trim()}_upper`)]
    return lower === undefined || upper === undefined ? {} : { yhat_lower: lower, yhat_upper: upper }
  }
  for (const column of values) for (const bound of Object.values(boundsOf(column))) parts.add(bound)
  const plain = values.filter((column) => !parts.has(column))
  const groups = [
    ...plain.map((column): ValueGroup => ({
      ...plainGroup(column, input, 'yhat_lower' in boundsOf(column)),
      ...boundsOf(column),
      ...quantilesOf(column, byStem),
    })),
    ...[...byStem.values()].flatMap(({ stem, quantiles }): ValueGroup[] => {
      const { median, ...bounds } = quantileGroup(quantiles, input.boundLevel)
      const isBeside = plain.some(({ column }) => plainName(column) === plainName(stem))
      return stem === '' || median === undefined || isBeside ? [] : [{ server: stem, predicted: median, ...bounds }]
    }),
  ]
  if (groups.length === 0) return undefined
  const isPlain = groups.some((group) => group.yhat_lower === undefined && group.quantiles.length === 0)
  const isStated = [input.config.map.predicted, input.config.map.actual].includes('*')
  const { keys, roles, candidates } = foundKeys(input)
  const { server_id: _, ...otherKeys } = keys
  return {
    reader: 'servers',
    keys: otherKeys,
    groups,
    roles: [
      ...roles.filter(({ role }) => role !== 'server_id'),
      { role: 'server_id', columns: groups.flatMap(({ predicted, actual }) => (predicted ?? actual)?.column ?? []), how: 'layout' },
      ...groupRoles(groups),
    ],
    candidates,
    ...(isPlain && !isStated ? { assumed: input.plainValues } : {}),
  }
}

/** Splunk's timechart writes the length of its step next to the servers. */
const isSplunkSpan = ({ column }: SourceColumn): boolean => /^_span(days)?$/.test(column.trim())

/** Datadog's avg:system.cpu.user{host:web-1} and Prometheus' {instance="web-1:9100"}; any other name is the server's. */
const serverOf = ({ column }: SourceColumn): string => {
  const name = column.trim()
  return /\{(?:.*,)?host:([^,}]+)[^}]*\}$/.exec(name)?.[1] ?? /\{(?:.*, ?)?instance="([^"]+?)(?::\d+)?"[^}]*\}$/.exec(name)?.[1] ?? name
}

/** Only forecasts have bounds. */
const plainGroup = (column: SourceColumn, { config: { map }, plainValues }: LayoutInput, hasBounds: boolean): ValueGroup => ({
  server: serverOf(column),
  [hasBounds || map.predicted === '*' ? 'predicted' : map.actual === '*' ? 'actual' : plainValues]: column,
  quantiles: [],
})

const quantilesOf = (column: SourceColumn, byStem: ReturnType<typeof quantilesByStem>): Partial<ValueGroup> => {
  const own = byStem.get(plainName(column.column))
  if (own === undefined) return {}
  const { median: _, ...bounds } = quantileGroup(own.quantiles)
  return bounds
}
