// One style for all texts of a dataset: chosen by their counts, or asked for, or refused.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { InputQuestionError } from '../input-question.ts'
import { validationMessages } from '../validation-rules.ts'
import { marksInUse, type DecimalMark } from '../decimal-marks.ts'
import { isMissingSql, numberTextSql, timeTextSql, type DateOrder, type ProfiledColumn, type TextStyle } from './text-values.ts'

interface StatedStyle {
  readonly decimal: DecimalSetting
  readonly date_format?: string | undefined
}

/** One style for all files of a dataset. Throws InputQuestionError where it may be read in two ways, and input-text-unreadable. */
export const chooseTextStyle = (columns: readonly ProfiledColumn[], stated: StatedStyle): TextStyle => {
  const decimal = chooseDecimal(
    columns.filter(({ kind }) => kind === 'number'),
    stated.decimal,
  )
  const isPattern = stated.date_format?.includes('%') === true
  const dateOrder = isPattern
    ? 'stated'
    : chooseDateOrder(
        columns.filter(({ kind }) => kind === 'time'),
        stated.date_format,
      )
  for (const column of columns.filter(({ kind }) => kind === 'boolean')) {
    if (column.counts.plain < column.counts.values) throw unreadable(column, column.counts.values - column.counts.plain, 'true or false')
  }
  const isPercent = hasPercentages(columns.filter(({ kind }) => kind === 'number'))
  const isGrouped = columns.some(({ counts }) => counts.grouped > 0)
  return { decimal, dateOrder, datePattern: isPattern ? stated.date_format : undefined, isPercent, isGrouped }
}

/** A percent sign among numbers without one may be another unit. Throws input-unclear. */
const hasPercentages = (columns: readonly ProfiledColumn[]): boolean => {
  const refuse = (sentence: string): HeadroomError =>
    new HeadroomError('input-unclear', sentence, { next: 'Write a percent sign behind all values, or behind none.' })
  for (const { column, name, counts } of columns) {
    if (counts.percents === 0 || counts.bares === 0) continue
    throw refuse(
      `Column ${column} of ${name} holds ${countText(counts.percents, 'value', 'values')} with a percent sign and ${countText(counts.bares, 'value', 'values')} without.`,
    )
  }
  const signed = columns.filter(({ counts }) => counts.percents > 0)
  for (const { column, name, metric, isValue } of signed) {
    const other = columns.find((candidate) => isValue && candidate.isValue && candidate.metric === metric && candidate.counts.bares > 0)
    if (other !== undefined)
      throw refuse(`Column ${column} of ${name} holds percent signs, but column ${other.column} of ${other.name} holds none.`)
  }
  return signed.length > 0
}

const chooseDecimal = (columns: readonly ProfiledColumn[], stated: DecimalSetting): DecimalMark => {
  if (stated !== 'auto') return stated
  const ask = ({ column, name }: ProfiledColumn, example: string): InputQuestionError =>
    new InputQuestionError(`Column ${column} of ${name} holds "${example}": --decimal comma or --decimal point?`, [
      { label: 'Decimal comma', settings: { decimal: 'comma' } },
      { label: 'Decimal point', settings: { decimal: 'point' } },
    ])
  const isUnclear = columns.find(({ counts }) => counts.plain < counts.values)
  if (isUnclear === undefined) {
    // Between semicolons 12.345 may be twelve thousand, unless another number says otherwise.
    const grouped = columns.find(({ isCommaSeparated, counts }) => !isCommaSeparated && counts.point_groups > 0)
    if (grouped !== undefined && columns.every(({ counts }) => counts.points === counts.point_groups)) throw ask(grouped, '1.234')
    return 'point'
  }
  const { counts } = isUnclear
  const { comma, point, unclear } = marksInUse([counts.example?.trim() ?? ''])
  if (counts.commas === 0 && (comma || point || unclear !== null)) throw ask(isUnclear, counts.example ?? '')
  if (counts.commas === 0) throw unreadable(isUnclear, counts.values - counts.plain, 'a number')
  const isClear = columns.some((column) => column.counts.commas > column.counts.comma_groups)
  if (!isClear || columns.some(({ isCommaSeparated }) => isCommaSeparated)) throw ask(isUnclear, counts.example ?? '')
  return 'comma'
}

const chooseDateOrder = (columns: readonly ProfiledColumn[], stated: string | undefined): DateOrder => {
  if (stated === 'excel') return 'excel'
  const shortYears = columns.find(({ counts }) => counts.short_years > 0)
  if (shortYears !== undefined) {
    const { short_years: count, example } = shortYears.counts
    throw unreadableTimes(shortYears, `${countText(count, 'time', 'times')} with a two-digit year`, example)
  }
  const values = columns.reduce((sum, { counts }) => sum + counts.values, 0)
  const isAll = (kind: 'epochs' | 'compacts' | 'month_names' | 'excel_days'): boolean =>
    values > 0 && columns.reduce((sum, { counts }) => sum + counts[kind], 0) === values
  if (isAll('compacts')) {
    // 2026053012 may also be a second of the year 2034.
    const unclear = columns.find(({ counts }) => counts.example?.trim().length === 10)
    if (unclear === undefined) return 'compact'
    throw new InputQuestionError(
      `Is "${unclear.counts.example ?? ''}" in column ${unclear.column} of ${unclear.name} year, month, day and hour: --date-format %Y%m%d%H, or seconds since 1970: --date-format %s?`,
      [{ label: 'Year, month, day and hour', settings: { date_format: '%Y%m%d%H' } }],
    )
  }
  if (isAll('epochs')) return 'epoch'
  if (isAll('month_names')) return 'month-name'
  if (isAll('excel_days')) {
    const { counts, column, name } = columns.find((candidate) => candidate.counts.excel_days > 0)!
    throw new InputQuestionError(
      `Is "${counts.example ?? ''}" in column ${column} of ${name} a date as Excel counts days: --date-format excel?`,
      [{ label: 'Days of Excel', settings: { date_format: 'excel' } }],
    )
  }
  const dayMonths = columns.filter(({ counts }) => counts.day_months > 0)
  const [example] = dayMonths
  if (example === undefined) return 'iso'
  if (stated === 'day-first' || stated === 'month-first') return stated
  const first = Math.max(...dayMonths.map(({ counts }) => counts.first_part ?? 0))
  const second = Math.max(...dayMonths.map(({ counts }) => counts.second_part ?? 0))
  if (first > 12 && second <= 12) return 'day-first'
  if (second > 12 && first <= 12) return 'month-first'
  throw new InputQuestionError(
    `Which part of "${example.counts.example ?? ''}" in column ${example.column} of ${example.name} is the day: --date-format day-first or --date-format month-first?`,
    [
      { label: 'Day first', settings: { date_format: 'day-first' } },
      { label: 'Month first', settings: { date_format: 'month-first' } },
    ],
  )
}

const countText = (count: number, singular: string, plural: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`

const maxExampleLength = 60
const shortText = (text: string): string => (text.length > maxExampleLength ? `${text.slice(0, maxExampleLength)}…` : text)

const unreadableTimes = ({ column, name }: ProfiledColumn, times: string, example: string | null): HeadroomError => {
  const { message, next } = validationMessages.unreadableTimes(
    `Column ${column} of ${name}`,
    `${times}, for instance "${shortText(example ?? '')}"`,
  )
  return new HeadroomError('input-time-unreadable', message, { next: `${next} Or state how they are written with --date-format.` })
}

const unreadable = ({ column, name, counts }: ProfiledColumn, count: number, expected: string): HeadroomError =>
  new HeadroomError(
    'input-text-unreadable',
    `Column ${column} of ${name} holds ${countText(count, 'value that is', 'values that are')} not ${expected}, for instance "${shortText(counts.example ?? '')}".`,
    { next: 'Correct the values, or leave them empty.' },
  )

/** Values that the chosen style cannot read, in SQL over the relation: count and example. Throws for the first such column. */
export const assertReadable = async (
  database: Database,
  relation: string,
  columns: readonly ProfiledColumn[],
  style: TextStyle,
  isDecimalStated: boolean,
): Promise<void> => {
  const isPlain = ({ counts }: ProfiledColumn): boolean => counts.plain === counts.values
  const suspects = columns.filter((column) =>
    column.kind === 'time'
      ? style.dateOrder === 'stated' || style.dateOrder === 'excel' || !isPlain(column)
      : column.kind === 'number' && (!isPlain(column) || style.decimal === 'comma'),
  )
  if (suspects.length === 0) return
  const valueSql = ({ sql, kind }: ProfiledColumn): string =>
    kind === 'time' ? timeTextSql(sql, style) : numberTextSql(sql, style, isDecimalStated)
  const failing = suspects.map(
    (column, index) =>
      `CASE WHEN NOT ${isMissingSql(column.sql)} AND (${valueSql(column)}) IS NULL THEN ${column.sql} END AS failing_${index}`,
  )
  const found = suspects.map((_, index) => `{'count': CAST(count(failing_${index}) AS DOUBLE), 'example': min(failing_${index})}`)
  const failures = await database.rows(
    `SELECT unnest([${found.join(', ')}], recursive := true) FROM (SELECT ${failing.join(', ')} FROM ${relation})`,
    z.object({ count: z.number(), example: z.string().nullable() }),
  )
  failures.forEach(({ count, example }, index) => {
    const column = suspects[index]!
    if (count === 0) return
    if (column.kind === 'number') throw unreadable({ ...column, counts: { ...column.counts, example } }, count, 'a number')
    throw unreadableTimes(column, countText(count, 'unreadable time', 'unreadable times'), example)
  })
}
