// Formats numbers and times for charts: fixed English in files, the chosen locale in the window; times on the clock of the run's zone.
import { utcClock, type ZoneClock } from '../run/zone-clock.ts'

export interface ChartFormatting {
  /** Its readings are what the times below show. */
  readonly clock: ZoneClock
  /** 10,000 */
  readonly count: (value: number) => string
  /** 82.4 % with its unit; at most one decimal. */
  readonly value: (value: number, unit: string) => string
  /** 0.81: silhouette, stability or scaled error. */
  readonly score: (value: number) => string
  /** 31 March */
  readonly day: (timeMs: number) => string
  /** 31 Mar */
  readonly shortDay: (timeMs: number) => string
  /** 31 March 2026 */
  readonly dayAndYear: (timeMs: number) => string
  /** 31 Mar 2026 */
  readonly shortDayAndYear: (timeMs: number) => string
  /** March 2026 */
  readonly monthAndYear: (timeMs: number) => string
  /** Mar 2026 */
  readonly shortMonthAndYear: (timeMs: number) => string
  /** Mar */
  readonly month: (timeMs: number) => string
  /** 2026 */
  readonly year: (timeMs: number) => string
  /** 18:00 */
  readonly time: (timeMs: number) => string
}

/** Below two days in hours, unless they are one day: "5 h", "1 d", "30 h", "12 d". */
export const daysText = (days: number, writeNumber: (value: number) => string): string =>
  days < 2 && days !== 1 ? `${writeNumber(days * 24)} h` : `${writeNumber(days)} d`

/** January first. */
export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

const nonBreakingSpace = '\u00a0'
const withUnit = (number: string, unit: string): string => (unit === '' ? number : `${number}${nonBreakingSpace}${unit}`)

/** Keeps a number together with its % and its < or > where a line ends. */
export const keepTogether = (text: string): string => text.replace(/([<>]) (?=\d)|(\d) (?=%)/g, `$1$2${nonBreakingSpace}`)

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')
const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** What rounds to zero has no minus. */
export const unsignedZero = (value: number, decimals: number): number => (Number(value.toFixed(decimals)) === 0 ? 0 : value)

const fixedNumber = (value: number, decimals: number): string => {
  const [whole = '0', fraction] = Math.abs(value).toFixed(decimals).split('.')
  const sign = unsignedZero(value, decimals) < 0 ? '-' : ''
  return `${sign}${grouped(whole)}${fraction === undefined || /^0+$/.test(fraction) ? '' : `.${fraction}`}`
}

/** Does not use Intl's texts, because its locale data changes between versions and files must not change. */
export const fixedFormattingIn = (clock: ZoneClock): ChartFormatting => {
  const reading = (timeMs: number): Date => new Date(clock.toLocal(timeMs))
  const monthName = (date: Date): string => monthNames[date.getUTCMonth()] ?? ''
  const day = (date: Date): string => `${date.getUTCDate()} ${monthName(date)}`
  const shortDay = (date: Date): string => `${date.getUTCDate()} ${monthName(date).slice(0, 3)}`
  return {
    clock,
    count: (value) => fixedNumber(value, 0),
    value: (value, unit) => withUnit(fixedNumber(value, 1), unit),
    score: (value) => fixedNumber(value, 2),
    day: (timeMs) => day(reading(timeMs)),
    shortDay: (timeMs) => shortDay(reading(timeMs)),
    dayAndYear: (timeMs) => `${day(reading(timeMs))} ${reading(timeMs).getUTCFullYear()}`,
    shortDayAndYear: (timeMs) => `${shortDay(reading(timeMs))} ${reading(timeMs).getUTCFullYear()}`,
    monthAndYear: (timeMs) => `${monthName(reading(timeMs))} ${reading(timeMs).getUTCFullYear()}`,
    shortMonthAndYear: (timeMs) => `${monthName(reading(timeMs)).slice(0, 3)} ${reading(timeMs).getUTCFullYear()}`,
    month: (timeMs) => monthName(reading(timeMs)).slice(0, 3),
    year: (timeMs) => String(reading(timeMs).getUTCFullYear()),
    time: (timeMs) => `${twoDigits(reading(timeMs).getUTCHours())}:${twoDigits(reading(timeMs).getUTCMinutes())}`,
  }
}

export const fixedFormatting = fixedFormattingIn(utcClock)

/** Formats of a locale such as "de-DE"; undefined: the system's locale. */
export const localeFormatting = (locale: string | undefined, clock: ZoneClock = utcClock): ChartFormatting => {
  const dates = (options: Intl.DateTimeFormatOptions): ((timeMs: number) => string) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: clock.zone })
    return (timeMs) => format.format(timeMs)
  }
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
  const oneDecimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const twoDecimals = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  return {
    clock,
    count: (value) => whole.format(value),
    value: (value, unit) => withUnit(oneDecimal.format(unsignedZero(value, 1)), unit),
    score: (value) => twoDecimals.format(value),
    day: dates({ day: 'numeric', month: 'long' }),
    shortDay: dates({ day: 'numeric', month: 'short' }),
    dayAndYear: dates({ day: 'numeric', month: 'long', year: 'numeric' }),
    shortDayAndYear: dates({ day: 'numeric', month: 'short', year: 'numeric' }),
    monthAndYear: dates({ month: 'long', year: 'numeric' }),
    shortMonthAndYear: dates({ month: 'short', year: 'numeric' }),
    month: dates({ month: 'short' }),
    year: dates({ year: 'numeric' }),
    time: dates({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  }
}

export const dayMs = 86_400_000

/** Whether steps of this length are calendar months, which have no one length, or several of them. */
export const hasMonths = (stepMs: number): boolean => stepMs >= 28 * dayMs

/** A twelfth of a year. */
export const meanMonthMs = (365.2425 / 12) * dayMs

/** Months of a step: 1 for 28 to 31 days, 3 for a quarter. */
export const monthsIn = (stepMs: number): number => Math.max(1, Math.round(stepMs / meanMonthMs))

/** Months since the year 0 at a local time. */
export const monthAt = (localMs: number): number => {
  const date = new Date(localMs)
  return 12 * date.getUTCFullYear() + date.getUTCMonth()
}

/** Local time at which a month begins. */
export const monthStartMs = (month: number): number => Date.UTC(Math.floor(month / 12), ((month % 12) + 12) % 12, 1)

/** "31 March 2026"; the month alone of monthly steps. */
export const formatDayOrMonth = (timeMs: number, stepMs: number, formatting: ChartFormatting): string =>
  hasMonths(stepMs) ? formatting.monthAndYear(timeMs) : formatting.dayAndYear(timeMs)

/** The month of monthly steps, the day of daily and weekly ones, else day and time. */
export const formatMoment = (timeMs: number, stepMs: number, formatting: ChartFormatting): string =>
  stepMs < dayMs ? `${formatting.dayAndYear(timeMs)}, ${formatting.time(timeMs)}` : formatDayOrMonth(timeMs, stepMs, formatting)

/** Names come from files: control characters and halves of surrogate pairs would break SVG. */
export const toPrintable = (name: string): string => name.replace(/[\p{Cc}\u2028\u2029\ufffe\uffff]+/gu, ' ').replace(/\p{Cs}/gu, '\ufffd')

/** For tooltips, which ECharts renders as HTML. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
