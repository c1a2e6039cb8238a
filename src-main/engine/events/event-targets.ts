// Which series of the set an event is about, and which of their times it touches.
import { z } from 'zod'
import { literal, type Database } from '../../database/database.ts'
import type { GroupColumn, LedgerEvent } from './read-events.ts'

/** Columns of `series`, by series_id. */
export interface SeriesNames {
  readonly serverIds: readonly string[]
  readonly metrics: readonly string[]
  readonly groups: Readonly<Record<GroupColumn, readonly (string | null)[]>>
}

export const readSeriesNames = async (database: Database): Promise<SeriesNames> => {
  const table = await database.columns('SELECT server_id, metric, business_unit, region, criticality FROM series ORDER BY series_id')
  const texts = (name: string): string[] => z.array(z.string()).parse(table[name] ?? [])
  const optional = (name: string): (string | null)[] => z.array(z.string().nullable()).parse(table[name] ?? [])
  return {
    serverIds: texts('server_id'),
    metrics: texts('metric'),
    groups: { business_unit: optional('business_unit'), region: optional('region'), criticality: optional('criticality') },
  }
}

export const isAbout = ({ target, metric }: LedgerEvent, names: SeriesNames, series: number): boolean => {
  if (metric !== null && names.metrics[series] !== metric) return false
  if (target.servers !== null) return target.servers.has(names.serverIds[series]!)
  return target.group === null || target.group.every(({ column, value }) => names.groups[column][series] === value)
}

/** The same over the columns of `series` named `s`. */
export const isAboutSql = ({ target, metric }: LedgerEvent): string => {
  const parts = metric === null ? [] : [`s.metric = ${literal(metric)}`]
  if (target.servers !== null) parts.push(`s.server_id IN (${[...target.servers].map(literal).join(', ')})`)
  for (const { column, value } of target.group ?? []) parts.push(`s.${column} = ${literal(value)}`)
  return parts.length === 0 ? 'true' : parts.join(' AND ')
}

/** A row stands for the time up to the next: an event touches it where the two overlap. Milliseconds since 1970. */
export const touches = ({ fromMs, untilMs }: LedgerEvent, rowMs: number, stepMs: number): boolean =>
  rowMs < untilMs && rowMs + stepMs > fromMs

/** The same over a TIMESTAMP expression. */
export const touchesSql = ({ fromMs, untilMs }: LedgerEvent, ts: string, stepMs: number): string =>
  `${ts} < make_timestamp_ms(${untilMs}) AND ${ts} > make_timestamp_ms(${fromMs - stepMs})`
