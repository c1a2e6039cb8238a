// The flags of a row as SQL: the results of its series are looked up in lists by position, without a join.
import { z } from 'zod'
import type { Statements } from '../../database/background-database.ts'
import { identifier, literal } from '../../database/database.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { ForecastExpressions } from '../../forecasts/canonical-rows.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { riskLevels, type RiskLevel } from '../../../src-shared/artefacts/server-risk.ts'

/** Servers by the order of their names, both ends included, and the enumeration that holds them. */
export interface EnumeratedServers {
  readonly from: number
  readonly to: number
  readonly type: string
}

export interface FlagLists {
  /** All servers of a small fleet; undefined of others. */
  readonly allServers: EnumeratedServers | undefined
  /** Enumerates the servers from the first to the last of `relation`; by default all. `forgetServers` ends it. */
  readonly enumerateServers: (database: Statements, source: ForecastDataset, relation?: string) => Promise<EnumeratedServers>
  readonly forgetServers: (database: Statements, servers: EnumeratedServers) => Promise<void>
  /**
   * SQL that selects `columns` and the flags from `relation`, whose servers are all enumerated. They are looked up in lists of about the
   * length of that enumeration. `relation` is known as `source` inside.
   */
  readonly addFlags: (relation: string, source: ForecastDataset, calendar: Calendar, servers: EnumeratedServers, columns: string) => string
}

/** Flag -> the column of `series_risk` that it comes from. */
export const flagLists = {
  model: 'model',
  high: 'high_threshold',
  very_high: 'very_high_threshold',
  seasonal_peak: 'seasonal_peak_risk',
  underutilized: 'is_underutilized',
} as const
type FlagList = keyof typeof flagLists
const flagNames = Object.keys(flagLists) as FlagList[]

/** Names with a blank, so that the user's own columns stay unambiguous. */
const ownColumn = (name: 'all results' | 'position' | 'predicted' | 'results'): string => identifier(`headroom ${name}`)
const ownColumns = (['all results', 'position', 'predicted', 'results'] as const).map(ownColumn).join(', ')

/** Series per list: the results of a part of the dataset are read in lists of this size. */
const listLength = 4096

/** Series whose flags are looked up without asking first which of them a part holds. */
const maxUnrangedSeries = 32_768

/**
 * Creates `headroom_flag_lists` (block and a list of the results of its series), `headroom_flag_servers` (server_id and its number, from 0) and an
 * enumeration of metrics; reads `series_risk`. A join does not preserve the order of rows in DuckDB, and a constant list is rebuilt for every chunk. A cross
 * join with a single row avoids both. An enumeration gives a server's number, but each statement that names one takes time for all of its
 * values: 0.8 s for a million. So each part of a large fleet has one with its own servers.
 */
export const createFlagLists = async (
  database: Statements,
  { chosenMetrics }: Pick<ForecastDataset, 'chosenMetrics'>,
): Promise<FlagLists> => {
  await database.run(`
    DROP TYPE IF EXISTS headroom_metric;
    DROP TYPE IF EXISTS headroom_level;
    CREATE TYPE headroom_metric AS ENUM (SELECT DISTINCT metric FROM series_risk ORDER BY metric);
    CREATE TYPE headroom_level AS ENUM (${riskLevels.map(literal).join(', ')});
    CREATE OR REPLACE TABLE headroom_flag_servers AS
    SELECT row_number() OVER (ORDER BY server_id) - 1 AS number, server_id FROM (SELECT DISTINCT server_id FROM series_risk) ORDER BY number`)
  const { servers, metrics } = await database.row(
    'SELECT CAST(count(DISTINCT server_id) AS INTEGER) AS servers, CAST(count(DISTINCT metric) AS INTEGER) AS metrics FROM series_risk',
    z.object({ servers: z.int(), metrics: z.int() }),
  )
  // Rows of metrics that were not chosen have no series, hence no flags.
  const isRestricted = chosenMetrics !== undefined
  const thresholds = isRestricted ? undefined : await uniformThresholds(database)
  const listedFlags = flagNames.filter((name) => thresholds?.[name] === undefined)
  await database.run(`
    CREATE OR REPLACE TABLE headroom_flag_lists AS
    WITH ordered AS (
      SELECT row_number() OVER (ORDER BY server_id, metric) - 1 AS position, {${listedFlags.map((name) => `'${name}': ${flagLists[name]}`).join(', ')}} AS results
      FROM (SELECT DISTINCT server_id FROM series_risk) CROSS JOIN (SELECT DISTINCT metric FROM series_risk)
      LEFT JOIN series_risk USING (server_id, metric)
    )
    SELECT position // ${listLength} AS block, list(results ORDER BY position) AS results FROM ordered GROUP BY block ORDER BY block`)
  const cast = isRestricted ? 'TRY_CAST' : 'CAST'
  const numberInSql = ({ expressions: { server_id, metric } }: ForecastDataset, type: string): string =>
    metrics === 1 && !isRestricted
      ? `CAST(enum_code(CAST(${server_id} AS ${type})) AS BIGINT)`
      : `(CAST(enum_code(${cast}(${server_id} AS ${type})) AS BIGINT) * ${metrics} + enum_code(${cast}(${metric} AS headroom_metric)))`
  let types = 0
  const enumerate = async (connection: Statements, from: number, to: number): Promise<EnumeratedServers> => {
    const type = `headroom_servers_${types++}`
    await connection.run(`
      DROP TYPE IF EXISTS ${type};
      CREATE TYPE ${type} AS ENUM (SELECT server_id FROM headroom_flag_servers WHERE number BETWEEN ${from} AND ${to} ORDER BY number)`)
    return { from, to, type }
  }
  return {
    allServers: servers * metrics <= maxUnrangedSeries ? await enumerate(database, 0, servers - 1) : undefined,
    enumerateServers: async (connection, source, relation) => {
      if (relation === undefined) return enumerate(connection, 0, servers - 1)
      const { server_id: server } = source.expressions
      const range = await connection.row(
        `SELECT min(${server}) AS first, max(${server}) AS last FROM ${relation}`,
        z.object({ first: z.string().nullable(), last: z.string().nullable() }),
      )
      const { from, to } = await connection.row(
        `SELECT CAST(coalesce(min(number), 0) AS DOUBLE) AS "from", CAST(coalesce(max(number), 0) AS DOUBLE) AS "to"
         FROM headroom_flag_servers WHERE server_id BETWEEN ${literal(range.first ?? '')} AND ${literal(range.last ?? '')}`,
        z.object({ from: z.number(), to: z.number() }),
      )
      return enumerate(connection, from, to)
    },
    forgetServers: (connection, { type }) => connection.run(`DROP TYPE ${type}`),
    addFlags: (relation, source, calendar, { from, to, type }, columns) => {
      const firstBlock = Math.floor((from * metrics) / listLength)
      const lastBlock = Math.floor(((to + 1) * metrics - 1) / listLength)
      /** Of the enumeration's first server in the lists, which count from 1. */
      const offset = from * metrics - firstBlock * listLength + 1
      const flagSql = (name: FlagList): string => thresholds?.[name] ?? `${ownColumn('results')}.${name}`
      const columnsSql = columns === '' ? '' : `* EXCLUDE (${ownColumns}),`
      // Several flags compare the forecast: it is computed once.
      const expressions = { ...source.expressions, predicted: ownColumn('predicted') }
      return `
        SELECT ${columnsSql} ${flagsOfRow(expressions, calendar, flagSql, enumeratedLevel)}
        FROM (SELECT *, ${ownColumn('all results')}[${ownColumn('position')}] AS ${ownColumn('results')}
              FROM (SELECT source.*, ${source.expressions.predicted} AS ${ownColumn('predicted')},
                           ${numberInSql(source, type)} + ${offset} AS ${ownColumn('position')} FROM ${relation} AS source),
                   (SELECT flatten(list(results ORDER BY block)) AS ${ownColumn('all results')}
                    FROM headroom_flag_lists WHERE block BETWEEN ${firstBlock} AND ${lastBlock}))`
    },
  }
}

/** DuckDB writes an enumeration as text, without looking up each row's text in a dictionary: that takes as long as all other flags do. */
const enumeratedLevel = (level: RiskLevel): string => `CAST(${literal(level)} AS headroom_level)`

/** SQL for the flags of a row; `flagSql` returns SQL for a result of its series, `levelSql` for a level of risk. */
export const flagsOfRow = (
  { model, ts, predicted }: Pick<ForecastExpressions, 'model' | 'ts' | 'predicted'>,
  calendar: Calendar,
  flagSql: (name: FlagList) => string,
  levelSql: (level: RiskLevel) => string = literal,
): string => `
               ${predicted} > ${flagSql('high')} AS risk_flag,
               CASE WHEN ${predicted} IS NULL OR ${flagSql('high')} IS NULL THEN NULL
                    WHEN ${predicted} > ${flagSql('very_high')} THEN ${levelSql('high')}
                    WHEN ${predicted} > ${flagSql('high')} THEN ${levelSql('medium')} ELSE ${levelSql('low')} END AS risk_level,
               CAST(month(${calendar.zone.localSql(ts)}) AS INTEGER) AS month,
               ${calendar.isEoq(ts)} AS is_eoq,
               ${calendar.isHoliday(ts)} AS is_holiday,
               ${flagSql('seasonal_peak')} AS seasonal_peak_risk,
               ${flagSql('underutilized')} AS is_underutilized,
               coalesce(${flagSql('model')} = ${model}, false) AS is_selected`

/** The thresholds as SQL if all series share them; they need no look-up. */
const uniformThresholds = async (database: Statements): Promise<Partial<Record<FlagList, string>> | undefined> => {
  const [first, ...others] = await database.rows(
    'SELECT DISTINCT high_threshold AS high, very_high_threshold AS very_high FROM series_risk LIMIT 2',
    z.object({ high: z.number().nullable(), very_high: z.number().nullable() }),
  )
  if (first === undefined || first.high === null || first.very_high === null || others.length > 0) return undefined
  return { high: `CAST(${first.high} AS DOUBLE)`, very_high: `CAST(${first.very_high} AS DOUBLE)` }
}
