// Formats numbers, US dollars, dates and durations in the chosen locale; times of the data on the clock of the open run's zone.
import { probabilityText } from '../../src-shared/artefacts/likelihood.ts'
import { daysText, type ChartFormatting, hasMonths, localeFormatting, unsignedZero } from '../../src-shared/chart-options/format.ts'
import { isoText, utcClock, zoneClock } from '../../src-shared/run/zone-clock.ts'

/** The system's locale or the one from the settings. */
let locale = navigator.language
/** IANA zone of the open run. */
let timeZone = utcClock.zone

const timeFormats = (zone: string) => ({
  // As on the axes of charts.
  time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone: zone }),
  zoneName: new Intl.DateTimeFormat(locale, { timeZoneName: 'short', timeZone: zone }),
})

const makeFormats = () => ({
  dollars: new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }),
  dollarsAndCents: new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD' }),
  oneDecimal: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
  exact: new Intl.NumberFormat(locale, { maximumSignificantDigits: 17 }),
  gigabytes: new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  brierScore: new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
  localTime: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
  date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone }),
  day: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }),
  weekday: new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }),
  month: new Intl.DateTimeFormat(locale, { month: 'short', timeZone: 'UTC' }),
  data: timeFormats(timeZone),
})

let formats = makeFormats()

export let formatting: ChartFormatting = localeFormatting(locale)

/** `localeTag` null: the system's locale. `zone`: of the open run. Call before rendering. */
export const setFormats = (localeTag: string | null, zone: string): void => {
  const resolvedLocale = localeTag !== null && Intl.NumberFormat.supportedLocalesOf(localeTag).length > 0 ? localeTag : navigator.language
  if (resolvedLocale === locale && zone === timeZone) return
  locale = resolvedLocale
  timeZone = zone
  formats = makeFormats()
  formatting = localeFormatting(locale, zoneClock(zone))
}

/** For times that no run's zone applies to, such as results of the user's own SQL. */
export const utcFormatting = (): ChartFormatting => localeFormatting(locale)

export const formatDollars = (usd: number): string => formats.dollars.format(usd)
/** With cents: $0.48 */
export const formatUsd = (usd: number): string => formats.dollarsAndCents.format(usd)
export const formatNumber = (value: number): string => formats.oneDecimal.format(unsignedZero(value, 1))
/** Every digit; very large and very small values with an exponent. */
export const formatExactly = (value: number): string => {
  const size = Math.abs(value)
  return size >= 1e-6 && size < 1e21 ? formats.exact.format(value) : String(value)
}
/** Silhouette, stability or scaled error: 0.81 */
export const formatScore = (value: number): string => formatting.score(value)
/** 0.012 */
export const formatBrierScore = (value: number): string => formats.brierScore.format(value)
/** For sentences about accuracy. */
export const trustFormats = {
  count: (value: number): string => formatting.count(value),
  score: formatScore,
  brierScore: formatBrierScore,
  share: (share: number): string => formatFraction(share),
}
/** 1.5 GB, in units of 2^30 bytes as AWS reports them. */
export const formatGigabytes = (bytes: number): string => `${formats.gigabytes.format(bytes / 2 ** 30)} GB`
export const formatShare = (part: number, whole: number): string => formatting.value(whole === 0 ? 0 : (100 * part) / whole, '%')
/** A share 0..1 in percent. */
export const formatFraction = (share: number): string => formatting.value(share * 100, '%')
/** In whole percent, "< 1 %" and "> 99 %" at the ends. */
export const formatProbability = (probability: number): string => probabilityText(probability, (percent) => formatting.value(percent, '%'))
/** "+1.2 to +3.4"; "" where the interval is not known. */
export const formatInterval = (low: number | null | undefined, high: number | null | undefined): string =>
  low === null || low === undefined || high === null || high === undefined ? '' : `${formatSigned(low)} to ${formatSigned(high)}`
/** +3.2, -1 */
export const formatSigned = (value: number): string => {
  const text = formatNumber(value)
  return `${value > 0 && text !== formatNumber(0) ? '+' : ''}${text.replace('-', '−')}`
}
/** Local time, for actions of the user. */
export const formatLocalTime = (iso: string): string => formats.localTime.format(new Date(iso))
const withZoneName = ({ time, zoneName }: ReturnType<typeof timeFormats>, iso: string): string => {
  const instant = new Date(iso)
  const name = zoneName.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return `${time.format(instant)} ${name}`
}

/** "31 Mar 2026, 18:00 GMT+9" of the open run's data. */
export const formatDataTime = (iso: string): string => withZoneName(formats.data, iso)

/** For the names of runs. */
export const runTimes = {
  day: (iso: string): string => formatDate(Date.parse(iso)),
  dataTime: formatDataTime,
  analysisTime: formatLocalTime,
}

/** The same in a zone that is not the open run's. */
export const formatTimeIn = (zone: string, iso: string): string => withZoneName(timeFormats(zone), iso)

/** Day of the open run's data. */
export const formatDate = (timeMs: number): string => formats.date.format(timeMs)

/** The first day of a period of the open run's data, or its month where periods are months. */
export const formatPeriodDate = (timeMs: number, stepMs: number): string =>
  hasMonths(stepMs) ? formatting.shortMonthAndYear(timeMs) : formatDate(timeMs)

/** The same without the year, of days alone. */
export const formatShortPeriod = (timeMs: number, stepMs: number): string =>
  hasMonths(stepMs) ? formatting.shortMonthAndYear(timeMs) : formatting.shortDay(timeMs)

/** A day without a time, YYYY-MM-DD, is the same in every zone. */
export const formatDay = (day: string): string => formats.day.format(Date.parse(day))

/** ISO 8601 with the local offset, for tables of the open run's data. */
export const formatIso = (timeMs: number): string => isoText(formatting.clock, timeMs)

/** "Mon": 0 is Monday. 1 January 2024 was one. */
export const formatWeekday = (weekday: number): string => formats.weekday.format(Date.UTC(2024, 0, 1 + weekday))

/** "Jan": 0 is January. */
export const formatMonth = (month: number): string => formats.month.format(Date.UTC(2024, month, 1))

/** "5 h", "1 d" */
export const formatDays = (days: number): string => daysText(days, formatNumber)

/** "12 days after the last measurement", "5 hours after the last measurement": true on any day that the run is read. */
export const formatDaysAfterData = (days: number): string => {
  const hours = Math.max(1, Math.round(days * 24))
  const [number, unit] = hours < 48 && hours % 24 !== 0 ? [hours, 'hour'] : [Math.round(hours / 24), 'day']
  return `${formatting.count(number)} ${unit}${number === 1 ? '' : 's'} after the last measurement`
}

/** 0:07, 12:40, 1:02:03 */
export const formatElapsed = (seconds: number): string => {
  const whole = Math.floor(seconds)
  const twoDigits = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${twoDigits(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(whole % 60)}`
}

/** "2 min 5 s" between two ISO times; "" where one is missing. */
export const formatDuration = (from: string | null, to: string | null): string => {
  if (from === null || to === null) return ''
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`
}
