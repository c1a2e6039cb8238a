// Numbers, times and truth in text: how a whole dataset writes them, and the SQL that reads them so.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import type { InputMapping } from '../../../src-shared/run/input-mapping.ts'
import { literal, type Database } from '../../database/database.ts'
import { InputQuestionError } from '../input-question.ts'
import { commaNumber, groupedNumber, groupSign, missingWords } from './text-header.ts'
import { validationMessages } from '../validation-rules.ts'
import { marksInUse, plainNumberSql, type DecimalMark } from '../decimal-marks.ts'
import { epochMicrosSql, instantTextSql } from '../value-sql.ts'

/** DuckDB would join a long IN with a table of its values, also for few rows. */
const isOneOfSql = (text: string, words: readonly string[]): string =>
  `list_contains([${words.map(literal).join(', ')}], lower(trim(${text})))`

const isMissingSql = (text: string): string => `(${text} IS NULL OR ${isOneOfSql(text, missingWords)})`

/** Digits in groups of three: a number in one locale, another one in the other. */
const groupedBy = (sign: string): string => `^\\s*[+-]?[1-9][0-9]{0,2}(${sign}[0-9]{3})+\\s*$`

export type DateOrder = NonNullable<InputMapping['date_order']>

/** How a dataset writes its values. */
export interface TextStyle {
  readonly decimal: DecimalMark
  readonly dateOrder: DateOrder
  /** For `stated`. */
  readonly datePattern?: string | undefined
  /** Whether columns of percentages, such as `12 %`, are among its numbers. */
  readonly isPercent: boolean
  /** Whether some numbers have a blank or an apostrophe between their thousands. */
  readonly isGrouped: boolean
}

/** SQL for a percentage without its sign; other texts stay. */
const withoutPercentSql = (text: string): string => `regexp_replace(${text}, '\\s*%\\s*$', '')`

/** SQL for a number without blanks and apostrophes between its thousands; other texts stay. */
const withoutGroupsSql = (text: string): string =>
  `CASE WHEN regexp_matches(${text}, ${literal(groupedNumber)}) THEN regexp_replace(trim(${text}), ${literal(groupSign)}, '', 'g') ELSE ${text} END`

/**
 * SQL for a number, NaN among them; NULL where the text is missing or unreadable. Points and commas between thousands are read only where the
 * mark is stated.
 */
export const numberTextSql = (given: string, { decimal: mark, isPercent, isGrouped }: TextStyle, isStated: boolean): string => {
  const bare = isPercent ? withoutPercentSql(given) : given
  const text = isGrouped ? withoutGroupsSql(bare) : bare
  if (isStated) return `TRY_CAST(${plainNumberSql(`trim(${text})`, mark)} AS DOUBLE)`
  if (mark === 'point') return `TRY_CAST(${text} AS DOUBLE)`
  return `CASE WHEN contains(${text}, '.') THEN NULL ELSE TRY_CAST(replace(${text}, ',', '.') AS DOUBLE) END`
}

/** ISO 8601 without a zone. DuckDB reads a plain TIMESTAMP in half the time of one with a zone. */
const plainTime = '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?'
const isPlainTimeSql = (text: string): string => `regexp_full_match(${text}, ${literal(plainTime)})`
const isoTimeSql = (text: string): string =>
  `CASE WHEN regexp_full_match(${text}, ${literal(`${plainTime}Z?`)}) THEN TRY_CAST(${text} AS TIMESTAMP) ELSE ${yearFirstSql(text)} END`
/** Year, month and day in this order, also with dots between. */
const yearFirstSql = (text: string): string =>
  `coalesce(${instantTextSql(`trim(${text})`)}, TRY_CAST(regexp_replace(trim(${text}), '^([0-9]{4})[.]([0-9]{1,2})[.]([0-9]{1,2})', '\\1-\\2-\\3') AS TIMESTAMP))`

const dayMonthPattern = '^\\s*(\\d{1,2})[./-](\\d{1,2})[./-](\\d{4})[ T,]*'
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthName = `(${monthNames.join('|')})[a-z]*`
const dayName = '(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,. ]+)?'
/** 30-May-2026, 30MAY2026:00:00 of SAS, and Sat, 30 May 2026 of RFC 2822. */
const dayNamePattern = `^\\s*${dayName}(\\d{1,2})[-./ ]*${monthName}[-./, ]*(\\d{4})[ T,:]*`
/** May 30, 2026, and May 30, 2026 @ 00:00 of Kibana. */
const nameDayPattern = `^\\s*${dayName}${monthName}[-./ ]+(\\d{1,2})[-./, ]+(\\d{4})[ T,@]*`
const epochPattern = '^\\s*\\d{9,19}(\\.\\d+)?\\s*$'
/** 20260530, and with hours, minutes and seconds behind. */
const compactPattern = '^\\s*(19|20)\\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\\d|3[01])([01]\\d|2[0-3])?([0-5]\\d)?([0-5]\\d)?\\s*$'
/** Days of Excel from 1954 to 2091, with a share of the day. */
const excelPattern = '^\\s*[2-6]\\d{4}([.,]\\d+)?\\s*$'
/** Day 25,569 is 1 January 1970; shares of a day are rounded to seconds. */
const excelTimeSql = (text: string): string =>
  `CASE WHEN regexp_matches(${text}, ${literal(excelPattern)}) THEN
     make_timestamp(CAST(round((CAST(replace(trim(${text}), ',', '.') AS DOUBLE) - 25569) * 86400) AS BIGINT) * 1000000) END`
const shortYearPattern = '^\\s*(\\d{1,3}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/.]\\d{1,2}[-/.]\\d{2,3})(\\D|$)'

/** SQL for text that begins with an ISO date; the time may be of twelve hours. */
const datedTextSql = (text: string): string =>
  `coalesce(${instantTextSql(text)}, try_strptime(${text}, ['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M:%S.%g %p']))`

const reorderSql = (text: string, pattern: string, order: string): string =>
  datedTextSql(`trim(regexp_replace(${text}, ${literal(pattern)}, '${order} '))`)

const monthNameSql = (text: string): string => {
  const part = (pattern: string, group: number): string => `regexp_extract(${text}, ${literal(pattern)}, ${group}, 'i')`
  const dated = (pattern: string, day: number, month: number): string => {
    const number = `list_position([${monthNames.map(literal).join(', ')}], lower(${part(pattern, month)}))`
    const rest = `regexp_replace(${text}, ${literal(pattern)}, '', 'i')`
    return datedTextSql(`trim(${part(pattern, 3)} || '-' || ${number} || '-' || ${part(pattern, day)} || ' ' || ${rest})`)
  }
  return `CASE WHEN regexp_matches(${text}, ${literal(dayNamePattern)}, 'i') THEN ${dated(dayNamePattern, 1, 2)}
    WHEN regexp_matches(${text}, ${literal(nameDayPattern)}, 'i') THEN ${dated(nameDayPattern, 2, 1)} END`
}

/** SQL for a time in UTC without zone; NULL where the text is missing or unreadable. */
export const timeTextSql = (text: string, { dateOrder, datePattern }: Pick<TextStyle, 'dateOrder' | 'datePattern'>): string => {
  switch (dateOrder) {
    case 'iso':
      return isoTimeSql(text)
    case 'day-first':
      return reorderSql(text, dayMonthPattern, '\\3-\\2-\\1')
    case 'month-first':
      return reorderSql(text, dayMonthPattern, '\\3-\\1-\\2')
    case 'month-name':
      return monthNameSql(text)
    case 'compact':
      return `try_strptime(rpad(trim(${text}), 14, '0'), '%Y%m%d%H%M%S')`
    case 'excel':
      return excelTimeSql(text)
    case 'epoch':
      return `make_timestamp(${epochMicrosSql(`TRY_CAST(${text} AS DOUBLE)`)})`
    case 'stated':
      return instantTextSql(`strftime(try_strptime(trim(${text}), ${literal(datePattern ?? '')}), '%Y-%m-%dT%H:%M:%S.%f')`)
  }
}

const trueWords = ['true', 't', 'yes', 'y', '1', '1.0']
const falseWords = ['false', 'f', 'no', 'n', '0', '0.0']
export const booleanTextSql = (text: string): string =>
  `CASE WHEN ${isOneOfSql(text, trueWords)} THEN true WHEN ${isOneOfSql(text, falseWords)} THEN false END`

/** A text with blanks only is missing. */
export const nameTextSql = (text: string): string => `nullif(trim(${text}), '')`

export type TextKind = 'number' | 'time' | 'boolean'

/** A column of a text relation that is read as something else. */
export interface TextColumn {
  readonly column: string
  readonly sql: string
  readonly kind: TextKind
  /** Of a value, where a column says it: its metric. Columns of one metric are percentages all or none. */
  readonly metric?: string | undefined
  /** Of a value; a key has no unit. */
  readonly isValue: boolean
}

export interface ProfiledColumn extends TextColumn {
  /** Where it is, for messages. */
  readonly name: string
  /** Whether fields are separated by a comma, so that a comma within one is no decimal sign unless stated. */
  readonly isCommaSeparated: boolean
  readonly counts: z.infer<typeof countsSchema>
}

const countsSchema = z.object({
  /** Values that are not missing. */
  values: z.number(),
  /** Those that need no decision: numbers with a decimal point, ISO times, truth. */
  plain: z.number(),
  /** One that does. */
  example: z.string().nullable(),
  /** Numbers: with a point, with a comma, and those of them that could be whole numbers in groups of three digits. */
  points: z.number(),
  commas: z.number(),
  point_groups: z.number(),
  comma_groups: z.number(),
  /** Times: dates such as 05.06.2026 with their greatest first and second part, numbers since 1970, 20260530, 30-May-2026, two-digit years. */
  day_months: z.number(),
  first_part: z.number().nullable(),
  second_part: z.number().nullable(),
  epochs: z.number(),
  compacts: z.number(),
  month_names: z.number(),
  excel_days: z.number(),
  /** Values with a percent sign, and those without that may be of another unit. */
  percents: z.number(),
  bares: z.number(),
  /** Numbers with a blank or an apostrophe between their thousands. */
  grouped: z.number(),
  short_years: z.number(),
  /** Times with a zone or an offset. */
  zones: z.number(),
})

/** After the minutes. */
const zonePattern = ':\\d{2}.*([A-Za-z]|[+-]\\d)'

/** SQL for whether a text has the commonest spelling of its kind: what holds for it needs no look at the text. */
const isUsualSql = (text: string, kind: TextKind): string =>
  ({
    number: `TRY_CAST(${text} AS DOUBLE) IS NOT NULL`,
    time: `${isPlainTimeSql(text)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL`,
    boolean: `${text} IN ('true', 'false', 'True', 'False')`,
  })[kind]

/** SQL for a text that needs a decision, and was not usual. */
const isUnclearSql = (text: string, kind: TextKind): string =>
  ({
    number: `TRY_CAST(${text} AS DOUBLE) IS NULL`,
    time: `(${yearFirstSql(text)}) IS NULL`,
    boolean: `(${booleanTextSql(text)}) IS NULL`,
  })[kind]

/** Names of the columns that `profiledSql` makes of one. */
const profiledNames = (index: number): { text: string; given: string; usual: string; unusual: string; unclear: string } => ({
  text: `text_${index}`,
  given: `given_${index}`,
  usual: `is_usual_${index}`,
  unusual: `unusual_${index}`,
  unclear: `unclear_${index}`,
})

/** A relation with the text of each column, whether it is usual, else the text where it is not missing, and where it needs a decision. */
const profiledSql = (relation: string, columns: readonly TextColumn[], isPercent: boolean): string => {
  const names = columns.map((_, index) => profiledNames(index))
  const texts = names.flatMap(({ text, given }, index) => {
    const { sql, kind } = columns[index]!
    return isPercent && kind === 'number' ? [`${withoutPercentSql(sql)} AS ${text}`, `${sql} AS ${given}`] : [`${sql} AS ${text}`]
  })
  const usual = names.map(({ text, usual: name }, index) => `coalesce(${isUsualSql(text, columns[index]!.kind)}, false) AS ${name}`)
  const unusual = names.map((name, index) => {
    const text = columns[index]!.kind === 'number' ? withoutGroupsSql(name.text) : name.text
    return `CASE WHEN ${name.usual} OR ${isMissingSql(name.text)} THEN NULL ELSE ${text} END AS ${name.unusual}`
  })
  const unclear = names.map(
    (name, index) => `CASE WHEN ${isUnclearSql(name.unusual, columns[index]!.kind)} THEN ${name.unusual} END AS ${name.unclear}`,
  )
  const add = (inner: string, added: readonly string[]): string => `SELECT ${['*', ...added].join(', ')} FROM (${inner})`
  return add(add(add(`SELECT ${[...texts, '__file'].join(', ')} FROM ${relation}`, usual), unusual), unclear)
}

const countsSql = (
  kind: TextKind,
  { text, given, usual, unusual, unclear }: ReturnType<typeof profiledNames>,
  { isCommaSeparated, isPercent }: Pick<ProfiledColumn, 'isCommaSeparated'> & { readonly isPercent: boolean },
): string => {
  const matches = (subject: string, pattern: string): string => `regexp_matches(${subject}, ${literal(pattern)})`
  const count = (condition: string): string => `CAST(coalesce(count_if(${condition}), 0) AS DOUBLE)`
  const part = (group: 1 | 2): string =>
    `CAST(max(TRY_CAST(regexp_extract(${unclear}, ${literal(dayMonthPattern)}, ${group}) AS INTEGER)) AS DOUBLE)`
  const numbers = {
    commas: matches(unclear, commaNumber),
    comma_groups: matches(unclear, groupedBy(',')),
    grouped: `${unusual} <> ${text}`,
  }
  // Between commas a point is no separator of thousands.
  const points = {
    points: `(${usual} OR (${unusual} IS NOT NULL AND ${unclear} IS NULL)) AND contains(${text}, '.')`,
    point_groups: `contains(${text}, '.') AND ${matches(text, groupedBy('\\.'))}`,
  }
  const times = {
    day_months: matches(unclear, dayMonthPattern),
    epochs: matches(unclear, epochPattern),
    compacts: matches(unclear, compactPattern),
    month_names: [dayNamePattern, nameDayPattern].map((pattern) => `regexp_matches(${unclear}, ${literal(pattern)}, 'i')`).join(' OR '),
    excel_days: matches(unclear, excelPattern),
    short_years: matches(unusual, shortYearPattern),
    zones: matches(unusual, zonePattern),
  }
  const percents = {
    percents: `contains(${given}, '%')`,
    bares: `(${usual} OR ${unusual} IS NOT NULL) AND NOT contains(${given}, '%') AND NOT coalesce(isnan(TRY_CAST(${text} AS DOUBLE)), false)`,
  }
  const counted = {
    ...(kind === 'number' ? { ...numbers, ...(isCommaSeparated ? {} : points), ...(isPercent ? percents : {}) } : {}),
    ...(kind === 'time' ? times : {}),
  }
  const fields = {
    values: `${count(usual)} + count(${unusual})`,
    plain: `${count(usual)} + count(${unusual}) - count(${unclear})`,
    example: `min(${unclear})`,
    first_part: kind === 'time' ? part(1) : 'CAST(NULL AS DOUBLE)',
    second_part: kind === 'time' ? part(2) : 'CAST(NULL AS DOUBLE)',
    ...Object.fromEntries(Object.keys({ ...numbers, ...points, ...percents, ...times }).map((name) => [name, 'CAST(0 AS DOUBLE)'])),
    ...Object.fromEntries(Object.entries(counted).map(([name, condition]) => [name, count(condition)])),
  }
  return `{${Object.entries(fields)
    .map(([name, sql]) => `'${name}': ${sql}`)
    .join(', ')}}`
}

export interface TextProfile {
  readonly columns: readonly ProfiledColumn[]
  /** Rows by the path of their file; a file without rows is absent. */
  readonly rows: ReadonlyMap<string, number>
}

const profileSchema = z.object({ file: z.string(), rows: z.number(), counts: z.array(countsSchema) })

/** Reads all rows of a relation over the files at `paths` once. */
export const profileText = async (
  database: Database,
  relation: string,
  columns: readonly TextColumn[],
  paths: readonly string[],
  place: Pick<ProfiledColumn, 'name' | 'isCommaSeparated'>,
  isPercent: boolean,
): Promise<TextProfile> => {
  const form = { isCommaSeparated: place.isCommaSeparated, isPercent }
  const counted = columns.map(({ kind }, index) => countsSql(kind, profiledNames(index), form))
  const [path] = paths
  const isOneFile = path !== undefined && paths.length === 1
  // Without groups DuckDB counts in half the time.
  const files = await database.rows(
    `SELECT ${isOneFile ? literal(path) : '__file'} AS file, CAST(count(*) AS DOUBLE) AS rows, [${counted.join(', ')}] AS counts
     FROM (${profiledSql(relation, columns, isPercent)}) ${isOneFile ? '' : 'GROUP BY __file ORDER BY __file'}`,
    profileSchema,
  )
  return {
    columns: columns.map((column, index) => ({ ...column, ...place, counts: mergeCounts(files.map(({ counts }) => counts[index]!)) })),
    rows: new Map(files.flatMap(({ file, rows }) => (rows === 0 ? [] : [[file, rows]]))),
  }
}

const mergeCounts = (counts: readonly z.infer<typeof countsSchema>[]): z.infer<typeof countsSchema> => {
  const sum = (name: Exclude<keyof z.infer<typeof countsSchema>, 'example' | 'first_part' | 'second_part'>): number =>
    counts.reduce((total, one) => total + one[name], 0)
  const largest = (name: 'first_part' | 'second_part'): number | null =>
    counts.reduce<number | null>((most, one) => (one[name] === null ? most : Math.max(most ?? 0, one[name])), null)
  return {
    values: sum('values'),
    plain: sum('plain'),
    example: counts.flatMap(({ example }) => example ?? []).sort()[0] ?? null,
    points: sum('points'),
    commas: sum('commas'),
    point_groups: sum('point_groups'),
    comma_groups: sum('comma_groups'),
    day_months: sum('day_months'),
    first_part: largest('first_part'),
    second_part: largest('second_part'),
    epochs: sum('epochs'),
    compacts: sum('compacts'),
    month_names: sum('month_names'),
    excel_days: sum('excel_days'),
    percents: sum('percents'),
    bares: sum('bares'),
    grouped: sum('grouped'),
    short_years: sum('short_years'),
    zones: sum('zones'),
  }
}

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
  const isFailure = (column: ProfiledColumn): string => `NOT ${isMissingSql(column.sql)} AND (${valueSql(column)}) IS NULL`
  const failures = await database.rows(
    `SELECT unnest([${suspects.map((column) => `{'count': CAST(coalesce(count_if(${isFailure(column)}), 0) AS DOUBLE), 'example': min(${column.sql}) FILTER (${isFailure(column)})}`).join(', ')}], recursive := true) FROM ${relation}`,
    z.object({ count: z.number(), example: z.string().nullable() }),
  )
  failures.forEach(({ count, example }, index) => {
    const column = suspects[index]!
    if (count === 0) return
    if (column.kind === 'number') throw unreadable({ ...column, counts: { ...column.counts, example } }, count, 'a number')
    throw unreadableTimes(column, countText(count, 'unreadable time', 'unreadable times'), example)
  })
}
