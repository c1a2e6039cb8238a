// Which series of the dataset an event applies to, and which of their times it affects.
import { literal, type Database } from '../database/database.ts'
import type { GroupColumn, CalendarEvent } from './events-table.ts'

/** Columns of `series`, by series_id. */
export interface SeriesAttributes {
  readonly serverIds: readonly string[]
  readonly metrics: readonly string[]
  readonly groups: Readonly<Record<GroupColumn, readonly (string | null)[]>>
}

export const readSeriesAttributes = async (database: Database): Promise<SeriesAttributes> => {
  const {
    server_id: serverIds,
    metric: metrics,
    ...groups
  } = await database.columns('SELECT server_id, metric, business_unit, region, criticality FROM series ORDER BY series_id', {
    server_id: 'text',
    metric: 'text',
    business_unit: 'text?',
    region: 'text?',
    criticality: 'text?',
  })
  return { serverIds, metrics, groups }
}

export const appliesTo = ({ target, metric }: CalendarEvent, attributes: SeriesAttributes, series: number): boolean => {
  if (metric !== null && attributes.metrics[series] !== metric) return false
  if (target.servers !== null) return target.servers.has(attributes.serverIds[series]!)
  return target.group === null || target.group.every(({ column, value }) => attributes.groups[column][series] === value)
}

/** The same over the columns of `series` named `s`. */
export const appliesToSql = ({ target, metric }: CalendarEvent): string => {
  const conditions = metric === null ? [] : [`s.metric = ${literal(metric)}`]
  if (target.servers !== null) conditions.push(`s.server_id IN (${[...target.servers].map(literal).join(', ')})`)
  for (const { column, value } of target.group ?? []) conditions.push(`s.${column} = ${literal(value)}`)
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** A row covers the time up to the next row; an event applies where the two overlap. Milliseconds since 1970. */
export const overlaps = ({ fromMs, untilMs }: CalendarEvent, rowMs: number, stepMs: number): boolean =>
  rowMs < untilMs && rowMs + stepMs > fromMs

/** The same over a TIMESTAMP expression. */
export const overlapsSql = ({ fromMs, untilMs }: CalendarEvent, ts: string, stepMs: number): string =>
  `${ts} < make_timestamp_ms(${untilMs}) AND ${ts} > make_timestamp_ms(${fromMs - stepMs})`
