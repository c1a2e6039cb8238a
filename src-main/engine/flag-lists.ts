// The flags of a row as SQL: what its series was found to be is looked up by position in lists, without a join.
import { z } from 'zod'
import { identifier, type Database } from '../database/database.ts'
import type { Calendar } from './calendar.ts'
import type { ForecastExpressions, ForecastSource } from './forecast-source.ts'

/** Places of series in the lists, both included. */
export interface PlaceRange {
  readonly from: number
  readonly to: number
}

export interface FlagLists {
  /** How many places there are. */
  readonly places: number
  /** SQL for the place of a row's series, from 0. */
  readonly placeOf: (source: ForecastSource) => string
  /**
   * SQL that selects `kept` and the flags from `relation`, whose series must all lie within the range. A range is looked up in lists of
   * about its own length. `relation` is known as `source` inside.
   */
  readonly addFlags: (relation: string, source: ForecastSource, calendar: Calendar, range: PlaceRange, kept: string) => string
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
const column = (name: FlagList | 'place'): string => identifier(`headroom ${name}`)

/** Places per list: what a part of the set needs is read in such pieces. */
const listLength = 4096

/**
 * Creates `headroom_flag_lists` (block and a list per flag) and two enumerations that tell a series' place in them; reads `series_risk`.
 * Joins would put the rows out of order (DuckDB promises none for them), and a constant list is built anew for every chunk; a single row
 * crossed with the source is neither.
 */
export const makeFlagLists = async (database: Database): Promise<FlagLists> => {
  await database.run(`
    DROP TYPE IF EXISTS headroom_server;
    DROP TYPE IF EXISTS headroom_metric;
    CREATE TYPE headroom_server AS ENUM (SELECT DISTINCT server_id FROM series_risk ORDER BY server_id);
    CREATE TYPE headroom_metric AS ENUM (SELECT DISTINCT metric FROM series_risk ORDER BY metric)`)
  await database.run(`
    CREATE OR REPLACE TABLE headroom_flag_lists AS
    WITH placed AS (
      SELECT row_number() OVER (ORDER BY server_id, metric) - 1 AS place, ${flagNames.map((name) => flagLists[name]).join(', ')}
      FROM (SELECT DISTINCT server_id FROM series_risk) CROSS JOIN (SELECT DISTINCT metric FROM series_risk)
      LEFT JOIN series_risk USING (server_id, metric)
    )
    SELECT place // ${listLength} AS block, ${flagNames.map((name) => `list(${flagLists[name]} ORDER BY place) AS ${column(name)}`).join(', ')}
    FROM placed GROUP BY block ORDER BY block`)
  const { servers, metrics } = await database.row(
    'SELECT CAST(count(DISTINCT server_id) AS INTEGER) AS servers, CAST(count(DISTINCT metric) AS INTEGER) AS metrics FROM series_risk',
    z.object({ servers: z.int(), metrics: z.int() }),
  )
  const thresholds = await uniformThresholds(database)
  const placeOf = ({ expressions: { server_id, metric } }: ForecastSource): string =>
    metrics === 1
      ? `CAST(enum_code(CAST(${server_id} AS headroom_server)) AS BIGINT)`
      : `(CAST(enum_code(CAST(${server_id} AS headroom_server)) AS BIGINT) * ${metrics} + enum_code(CAST(${metric} AS headroom_metric)))`
  return {
    places: servers * metrics,
    placeOf,
    addFlags: (relation, source, calendar, { from, to }, kept) => {
      const firstBlock = Math.floor(from / listLength)
      const flag = (name: FlagList): string => thresholds?.[name] ?? `${column(name)}[${column('place')}]`
      const own = kept === '' ? '' : `* EXCLUDE (${[column('place'), ...flagNames.map(column)].join(', ')}),`
      return `
        SELECT ${own} ${flagsOfRow(source.expressions, calendar, flag)}
        FROM (SELECT source.*, ${placeOf(source)} - ${firstBlock * listLength - 1} AS ${column('place')} FROM ${relation} AS source),
             (SELECT ${flagNames.map((name) => `flatten(list(${column(name)} ORDER BY block)) AS ${column(name)}`).join(', ')}
              FROM headroom_flag_lists WHERE block BETWEEN ${firstBlock} AND ${Math.floor(to / listLength)})`
    },
  }
}

/** SQL for the flags of a row; `flag` gives SQL for what its series was found to be. */
export const flagsOfRow = (
  { model, ts, predicted }: Pick<ForecastExpressions, 'model' | 'ts' | 'predicted'>,
  calendar: Calendar,
  flag: (name: FlagList) => string,
): string => `
               ${predicted} > ${flag('high')} AS risk_flag,
               CASE WHEN ${predicted} IS NULL OR ${flag('high')} IS NULL THEN NULL
                    WHEN ${predicted} > ${flag('very_high')} THEN 'high'
                    WHEN ${predicted} > ${flag('high')} THEN 'medium' ELSE 'low' END AS risk_level,
               CAST(month(${ts}) AS INTEGER) AS month,
               ${calendar.isEoq(ts)} AS is_eoq,
               ${calendar.isHoliday(ts)} AS is_holiday,
               ${flag('seasonal_peak')} AS seasonal_peak_risk,
               ${flag('underutilized')} AS is_underutilized,
               coalesce(${flag('model')} = ${model}, false) AS is_selected`

/** The thresholds as SQL where all series share them: nothing need be looked up then. */
const uniformThresholds = async (database: Database): Promise<Partial<Record<FlagList, string>> | undefined> => {
  const [first, ...others] = await database.rows(
    'SELECT DISTINCT high_threshold AS high, very_high_threshold AS very_high FROM series_risk LIMIT 2',
    z.object({ high: z.number().nullable(), very_high: z.number().nullable() }),
  )
  if (first === undefined || first.high === null || first.very_high === null || others.length > 0) return undefined
  return { high: `CAST(${first.high} AS DOUBLE)`, very_high: `CAST(${first.very_high} AS DOUBLE)` }
}
