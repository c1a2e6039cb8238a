// The event calendar: a CSV or XLSX table of one-off events with dates, validated field by field; each error names line and column.
import { readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CsvError, parse, type Info } from 'csv-parse/sync'
import { z } from 'zod'
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { zoneClock } from '../../src-shared/run/zone-clock.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { eventColumns, maxEvents, type EventColumn } from '../../src-shared/ipc/event-calendar.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { marksInUse, plainNumber, settleMark, stateDecimal, twoReadings, type DecimalMark } from './decimal-marks.ts'
import type { ReadInput } from '../../src-shared/run/run-manifest.ts'
import { findFaultyCell, readSheetTable } from './workbook/sheet-table.ts'
import { isWorkbook, parseTablePath } from './workbook/table-path.ts'

const groupColumns = ['business_unit', 'region', 'criticality'] as const
export type GroupColumn = (typeof groupColumns)[number]

/** Whom an event is about: named servers, servers of a group, or all. */
export interface EventTarget {
  /** As the table says it. */
  readonly text: string
  readonly servers: ReadonlySet<string> | null
  readonly group: readonly { readonly column: GroupColumn; readonly value: string }[] | null
}

export interface CalendarEvent {
  readonly line: number
  /** Milliseconds UTC; `untilMs` is the first instant after it. */
  readonly fromMs: number
  readonly untilMs: number
  readonly target: EventTarget
  /** Null: every metric. */
  readonly metric: string | null
  readonly effect: { readonly amount: number; readonly unit: 'points' | 'percent' } | null
  readonly note: string | null
}

export interface EventCalendar {
  readonly entry: ReadInput
  readonly events: readonly CalendarEvent[]
}

const maxBytes = 16_000_000
const dayMs = 86_400_000

const recordsSchema = z.array(z.object({ record: z.record(z.string(), z.string()), info: z.custom<Info>() }))

/** Throws input-not-found, events-invalid. */
export const readEventsTable = async (path: string, decimal: DecimalSetting, timeZone: string): Promise<EventCalendar> => {
  const { name, bytes, rows } = await readRows(path)
  const mark = decimalMarkOf(rows, name, decimal)
  return {
    entry: { path, bytes, rows: rows.length },
    events: rows.map(({ record, line }) => readEvent(record, line, name, { mark, toInstant: zoneClock(timeZone).toInstant })),
  }
}

/** Of the effects. Throws events-invalid where one has two readings. */
const decimalMarkOf = (rows: readonly TableRow[], name: string, decimal: DecimalSetting): DecimalMark => {
  const amounts = rows.map(({ record }) => effectPattern.exec(record['effect'] ?? '')?.[1] ?? '')
  const marks = marksInUse(amounts)
  const mark = settleMark(decimal, marks)
  if (mark !== null) return mark
  const { line } = rows[amounts.indexOf(marks.unclear!)]!
  throw invalidEvents(
    `Line ${line}, column effect of the events table ${name} holds "${marks.unclear!}", ${twoReadings(marks.unclear!)}.`,
    stateDecimal,
  )
}

/** The fields of a table that Headroom wrote, with days in a time zone, each line checked; errors call the table `name`. Throws input-not-found, events-invalid. */
export const readEventLines = async (path: string, name: string, timeZone: string): Promise<EventLine[]> => {
  const { rows } = await readRows(path, name)
  for (const { record, line } of rows) readEvent(record, line, name, { mark: 'point', toInstant: zoneClock(timeZone).toInstant })
  return rows.map(({ record }) => ({
    from: record['from'] ?? '',
    to: record['to'] ?? '',
    servers: record['servers'] ?? '',
    group: record['group'] ?? '',
    metric: record['metric'] ?? '',
    effect: record['effect'] ?? '',
    note: record['note'] ?? '',
  }))
}

/** Lines that come from elsewhere than a file, with days in a time zone; they are numbered as if they stood below a header line. Throws events-invalid. */
export const parseEventLines = (lines: readonly EventLine[], name: string, timeZone: string): CalendarEvent[] => {
  const locale = { mark: 'point', toInstant: zoneClock(timeZone).toInstant } as const
  return lines.map((line, index) => readEvent(line, index + 2, name, locale))
}

const readRows = async (path: string, givenName?: string): Promise<{ name: string; bytes: number; rows: TableRow[] }> => {
  const { file: givenFile, sheet } = await parseTablePath(path)
  const file = resolve(givenFile)
  const name = givenName ?? basename(file)
  const found = await stat(file).catch(() => null)
  if (found === null) throw new HeadroomError('input-not-found', `The events table ${path} does not exist.`, { next: 'Check the path.' })
  if (!found.isFile())
    throw new HeadroomError('input-not-found', `The events table ${path} is not a regular file.`, { next: 'Name a file.' })
  if (found.size > maxBytes) throw invalidEvents(`The events table ${name} is larger than 16 MB.`, 'Leave out what is no event.')
  const rows = (await isWorkbook(file)) ? await readSheetRows(file, sheet, name) : parseRows(await readFile(file, 'utf8'), name)
  if (rows.length > maxEvents) {
    throw invalidEvents(
      `The events table ${name} has ${rows.length.toLocaleString('en-US')} events, more than ${maxEvents.toLocaleString('en-US')}.`,
      'Name several servers, or a group, in one line.',
    )
  }
  return { name, bytes: found.size, rows }
}

const readSheetRows = async (file: string, sheet: string | undefined, name: string): Promise<TableRow[]> => {
  const table = await readSheetTable(file, sheet, {
    title: `events table ${name}`,
    code: 'events-invalid',
    option: '--events',
    keyColumn: 'from',
  })
  const columns = checkHeader(
    table.columns.map((column) => column.toLowerCase()),
    name,
  )
  for (const [index, column] of columns.entries()) {
    const faulty = findFaultyCell(table, table.columns[index]!, column === 'servers')
    if (faulty === undefined) continue
    throw invalidEvents(
      `Line ${faulty.line}, column ${column} of the events table ${name} holds ${faulty.fault}.`,
      'Open the workbook, enter the value and save it.',
    )
  }
  return table.rows.map(({ line, cells }) => ({
    line,
    record: Object.fromEntries(columns.map((column, index) => [column, cells[index]?.text.trim() ?? ''])),
  }))
}

const invalidEvents = (sentence: string, next: string, cause?: unknown): HeadroomError =>
  new HeadroomError('events-invalid', sentence, { next, cause })

/** Fields by lower-case column name, trimmed. */
interface TableRow {
  readonly record: Readonly<Record<string, string>>
  readonly line: number
}

const parseRows = (text: string, name: string): TableRow[] => {
  try {
    const parsed = parse(text, {
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      delimiter: detectDelimiter(text),
      columns: (header: string[]) =>
        checkHeader(
          header.map((column) => column.toLowerCase()),
          name,
        ),
    })
    return recordsSchema.parse(parsed).map(({ record, info }) => ({ record, line: info.lines }))
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw invalidEvents(
      `Line ${String(cause['lines'])} of the events table ${name} does not fit its header line.`,
      'Quote fields that hold a comma.',
      cause,
    )
  }
}

/** The one that parts the header line into most fields. */
const detectDelimiter = (text: string): string => {
  const header = text.split(/\r|\n/, 1)[0]!
  const parts = (delimiter: string): number => header.split(delimiter).length
  return [',', ';', '\t'].reduce((best, candidate) => (parts(candidate) > parts(best) ? candidate : best))
}

const checkHeader = (header: readonly string[], name: string): string[] => {
  const repeated = header.find((column, index) => header.indexOf(column) !== index)
  if (repeated !== undefined) throw invalidEvents(`The events table ${name} has column ${repeated} twice.`, 'Keep one of them.')
  const unknownColumn = header.find((column) => !eventColumns.some((groupColumn) => groupColumn === column))
  if (unknownColumn !== undefined) {
    const nearest = findNearestName(unknownColumn, eventColumns)
    throw invalidEvents(
      `The events table ${name} has a column ${unknownColumn || 'without a name'}, which no event has.`,
      nearest === undefined ? `Columns: ${eventColumns.join(', ')}.` : `Did you mean ${nearest}?`,
    )
  }
  for (const column of ['from', 'to'] as const) {
    if (!header.includes(column))
      throw invalidEvents(`The events table ${name} has no column ${column}.`, `Columns: ${eventColumns.join(', ')}.`)
  }
  if (!header.includes('servers') && !header.includes('group')) {
    throw invalidEvents(
      `The events table ${name} has neither a column servers nor a column group.`,
      'Say whom each event is about; * is every server.',
    )
  }
  return [...header]
}

/** How a table writes numbers and days. */
interface TableLocale {
  readonly mark: DecimalMark
  readonly toInstant: (localMs: number) => number
}

const readEvent = (record: Readonly<Record<string, string>>, line: number, name: string, locale: TableLocale): CalendarEvent => {
  const field = (column: EventColumn): string => record[column] ?? ''
  const createError = (column: EventColumn, problem: string, next: string): HeadroomError =>
    invalidEvents(`Line ${line}, column ${column} of the events table ${name} ${problem}.`, next)
  const instant = (column: 'from' | 'to'): ReadInstant => {
    const found = readInstant(field(column), locale.toInstant)
    if (found !== null) return found
    throw createError(
      column,
      field(column) === '' ? 'is empty' : `holds "${field(column)}", which is no date`,
      'Write 2026-11-27 or 2026-11-27T18:00:00Z.',
    )
  }
  const from = instant('from')
  const to = instant('to')
  const untilMs = instantAfter(to, locale.toInstant)
  if (untilMs <= from.ms) throw createError('to', `lies before from`, 'Swap the two.')
  return {
    line,
    fromMs: from.ms,
    untilMs,
    target: readTarget(field('servers'), field('group'), createError),
    metric: field('metric') === '' ? null : field('metric'),
    effect: readEffect(field('effect'), locale.mark, createError),
    note: field('note') === '' ? null : field('note'),
  }
}

const instantPattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:?\d{2})?)?$/i

interface ReadInstant {
  readonly ms: number
  /** What the local clock reads. */
  readonly localMs: number
  readonly isDay: boolean
}

/** A day, or a local time unless it states an offset; null for anything else, 30 February included. */
export const readInstant = (text: string, toInstant: (localMs: number) => number): ReadInstant | null => {
  const [, day, time, offset] = instantPattern.exec(text) ?? []
  if (day === undefined) return null
  const midnight = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return null
  if (time === undefined) return { ms: toInstant(midnight), localMs: midnight, isDay: true }
  const localMs = Date.parse(`${day}T${time}Z`)
  const ms =
    offset === undefined ? toInstant(localMs) : Date.parse(`${day}T${time}${offset.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`)
  return Number.isNaN(ms) || Number.isNaN(localMs) ? null : { ms, localMs, isDay: false }
}

/** The first instant after a day or a time. */
export const instantAfter = (to: ReadInstant, toInstant: (localMs: number) => number): number =>
  to.isDay ? toInstant(to.localMs + dayMs) : to.ms + 1

type CreateError = (column: EventColumn, problem: string, next: string) => HeadroomError

const readTarget = (servers: string, group: string, createError: CreateError): EventTarget => {
  if (servers !== '' && group !== '') throw createError('group', 'is filled in together with servers', 'Fill in one of the two.')
  if (servers === '*') return { text: '*', servers: null, group: null }
  if (servers !== '') {
    const names = servers.split(';').map((server) => server.trim())
    if (names.includes('')) throw createError('servers', 'has an empty name', 'Put one semicolon between names.')
    return { text: servers, servers: new Set(names), group: null }
  }
  if (group === '') throw createError('servers', 'is empty, and so is group', 'Say whom the event is about; * is every server.')
  const parts = group.split(';').map((part) => {
    const [column, value] = part.split('=', 2).map((text) => text.trim())
    const groupColumn = groupColumns.find((name) => name === column?.toLowerCase())
    if (groupColumn === undefined || value === undefined || value === '') {
      throw createError(
        'group',
        `holds "${group}", which names no group`,
        'Write business_unit=Payments, region=us-east or criticality=critical; a semicolon joins them.',
      )
    }
    return { column: groupColumn, value }
  })
  return { text: group, servers: null, group: parts }
}

const effectPattern = /^([+-]?\d[\d.,]*)\s*(points?|pts?|pp|%|percent)$/i

const readEffect = (text: string, mark: DecimalMark, createError: CreateError): CalendarEvent['effect'] => {
  if (text === '') return null
  const [, number, unit] = effectPattern.exec(text.replace('\u2212', '-')) ?? []
  const amount = number === undefined ? Number.NaN : Number(plainNumber(number, mark))
  if (Number.isNaN(amount) || unit === undefined) {
    throw createError(
      'effect',
      `holds "${text}", which is no effect`,
      'Write 12 points or -5 %; leave it empty for an event that is only to be left out.',
    )
  }
  const isPercent = /^(%|percent)$/i.test(unit)
  if (isPercent ? amount < -100 || amount > 10_000 : Math.abs(amount) > 1e9) {
    throw createError('effect', `holds "${text}", which is out of reach`, 'Percent lie between -100 and 10,000.')
  }
  return { amount, unit: isPercent ? 'percent' : 'points' }
}
