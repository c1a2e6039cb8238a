// Numbers, times and truth in text: the SQL that reads them, and how often a column writes them in which way.
import { z } from 'zod'
import type { InputMapping } from '../../../src-shared/run/input-mapping.ts'
import { literal, type Database } from '../../database/database.ts'
import { commaNumber, groupedNumber, groupSign, missingWords } from './text-header.ts'
import { plainNumberSql, type DecimalMark } from '../decimal-marks.ts'
import { epochMicrosSql, instantTextSql } from '../value-sql.ts'

/** DuckDB would join a long IN with a table of its values, also for few rows. */
const isOneOfSql = (text: string, words: readonly string[]): string =>
  `list_contains([${words.map(literal).join(', ')}], lower(trim(${text})))`

export const isMissingSql = (text: string): string => `(${text} IS NULL OR ${isOneOfSql(text, missingWords)})`

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
  /** Whether its first texts have the commonest spelling, so that all may have it. */
  readonly isUsual?: boolean
}

export interface ProfiledColumn extends TextColumn {
  /** Where it is, for messages. */
  readonly name: string
  /** Whether fields are separated by a comma, so that a comma within one is no decimal sign unless stated. */
  readonly isCommaSeparated: boolean
  readonly counts: z.infer<typeof countsSchema>
}

/** What is not counted is 0. */
const countsSchema = z.object({
  /** Values that are not missing. */
  values: z.number(),
  /** Those that need no decision: numbers with a decimal point, ISO times, truth. */
  plain: z.number(),
  /** One that does. */
  example: z.string().nullable().default(null),
  /** Numbers: with a point, with a comma, and those of them that could be whole numbers in groups of three digits. */
  points: z.number().default(0),
  commas: z.number().default(0),
  point_groups: z.number().default(0),
  comma_groups: z.number().default(0),
  /** Times: dates such as 05.06.2026 with their greatest first and second part, numbers since 1970, 20260530, 30-May-2026, two-digit years. */
  day_months: z.number().default(0),
  first_part: z.number().nullable().default(null),
  second_part: z.number().nullable().default(null),
  epochs: z.number().default(0),
  compacts: z.number().default(0),
  month_names: z.number().default(0),
  excel_days: z.number().default(0),
  /** Values with a percent sign, and those without that may be of another unit. */
  percents: z.number().default(0),
  bares: z.number().default(0),
  /** Numbers with a blank or an apostrophe between their thousands. */
  grouped: z.number().default(0),
  short_years: z.number().default(0),
  /** Times with a zone or an offset. */
  zones: z.number().default(0),
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
const profiledNames = (index: number) => ({
  text: `text_${index}`,
  given: `given_${index}`,
  usual: `is_usual_${index}`,
  odd: `is_odd_${index}`,
  unusual: `unusual_${index}`,
  unclear: `unclear_${index}`,
})

/**
 * A relation with the text of each column, whether it is usual, else the text where it is not missing, and where it needs a decision. Of a
 * column of usual texts whether it is usual, or neither that nor missing.
 */
const profiledSql = (relation: string, columns: readonly TextColumn[], isPercent: boolean): string => {
  const names = columns.map((_, index) => profiledNames(index))
  const texts = names.flatMap(({ text, given }, index) => {
    const { sql, kind } = columns[index]!
    return isPercent && kind === 'number' ? [`${withoutPercentSql(sql)} AS ${text}`, `${sql} AS ${given}`] : [`${sql} AS ${text}`]
  })
  const usual = names.map(({ text, usual: name }, index) => `coalesce(${isUsualSql(text, columns[index]!.kind)}, false) AS ${name}`)
  const unusual = names.map((name, index) => {
    if (columns[index]!.isUsual === true) return `NOT (${name.usual} OR ${isMissingSql(name.text)}) AS ${name.odd}`
    const text = columns[index]!.kind === 'number' ? withoutGroupsSql(name.text) : name.text
    return `CASE WHEN ${name.usual} OR ${isMissingSql(name.text)} THEN NULL ELSE ${text} END AS ${name.unusual}`
  })
  const unclear = names.flatMap((name, index) => {
    const { kind, isUsual } = columns[index]!
    return isUsual === true ? [] : [`CASE WHEN ${isUnclearSql(name.unusual, kind)} THEN ${name.unusual} END AS ${name.unclear}`]
  })
  const add = (inner: string, added: readonly string[]): string => `SELECT ${['*', ...added].join(', ')} FROM (${inner})`
  return add(add(add(`SELECT ${[...texts, '__file'].join(', ')} FROM ${relation}`, usual), unusual), unclear)
}

/** SQL for a structure of counts; each mention of a text costs time to plan, so usual columns are counted in fewer ways. */
const countsSql = (
  { kind, isUsual = false }: Pick<TextColumn, 'kind' | 'isUsual'>,
  { text, given, usual, odd, unusual, unclear }: ReturnType<typeof profiledNames>,
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
  const isNumber = isUsual ? usual : `(${usual} OR (${unusual} IS NOT NULL AND ${unclear} IS NULL))`
  // Between commas a point is no separator of thousands.
  const points = {
    points: `${isNumber} AND contains(${text}, '.')`,
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
    bares: `(${usual} OR ${isUsual ? odd : `${unusual} IS NOT NULL`}) AND NOT contains(${given}, '%') AND NOT coalesce(isnan(TRY_CAST(${text} AS DOUBLE)), false)`,
  }
  const counted = {
    ...(kind === 'number' ? { ...(isUsual ? {} : numbers), ...(isCommaSeparated ? {} : points), ...(isPercent ? percents : {}) } : {}),
    ...(kind === 'time' && !isUsual ? times : {}),
  }
  const fields = {
    values: isUsual ? `${count(usual)} + ${count(odd)}` : `${count(usual)} + count(${unusual})`,
    plain: isUsual ? count(usual) : `${count(usual)} + count(${unusual}) - count(${unclear})`,
    ...(isUsual ? {} : { example: `min(${unclear})` }),
    ...(kind === 'time' && !isUsual ? { first_part: part(1), second_part: part(2) } : {}),
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

const profileSchema = z.object({ file: z.string(), rows: z.number() }).catchall(countsSchema)

/** Reads all rows of a relation over the files at `paths` once, and once more where a usual column turns out to be none. */
export const profileText = async (
  database: Database,
  relation: string,
  columns: readonly TextColumn[],
  paths: readonly string[],
  place: Pick<ProfiledColumn, 'name' | 'isCommaSeparated'>,
  isPercent: boolean,
): Promise<TextProfile> => {
  const form = { isCommaSeparated: place.isCommaSeparated, isPercent }
  const counted = columns.map((column, index) => `, ${countsSql(column, profiledNames(index), form)} AS counts_${index}`)
  const [path] = paths
  const isOneFile = path !== undefined && paths.length === 1
  // Without groups DuckDB counts in half the time.
  const files = await database.rows(
    `SELECT ${isOneFile ? literal(path) : '__file'} AS file, CAST(count(*) AS DOUBLE) AS rows${counted.join('')}
     FROM (${profiledSql(relation, columns, isPercent)}) ${isOneFile ? '' : 'GROUP BY __file ORDER BY __file'}`,
    profileSchema,
  )
  const counts = columns.map((_, index) => mergeCounts(files.map((file) => file[`counts_${index}`]!)))
  const isMistaken = columns.some(({ isUsual }, index) => isUsual === true && counts[index]!.plain < counts[index]!.values)
  if (isMistaken) {
    const others = columns.map((column) => ({ ...column, isUsual: false }))
    return profileText(database, relation, others, paths, place, isPercent)
  }
  return {
    columns: columns.map((column, index) => ({ ...column, ...place, counts: counts[index]! })),
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
