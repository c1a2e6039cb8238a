// Formats numbers, US dollars, dates and durations in the chosen locale; times of the data are UTC.
import { type ChartFormatting, localeFormatting } from '../../src-shared/chart-options/format.ts'

/** The system's locale or the one from the settings. */
let locale = navigator.language

const makeFormats = () => ({
  dollars: new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }),
  oneDecimal: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
  localTime: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
  date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }),
  weekday: new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }),
  utcTime: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
})

let formats = makeFormats()

export let formatting: ChartFormatting = localeFormatting(locale)

/** null: the system's locale. Call before rendering. */
export const setLocale = (localeTag: string | null): void => {
  const resolvedLocale = localeTag !== null && Intl.NumberFormat.supportedLocalesOf(localeTag).length > 0 ? localeTag : navigator.language
  if (resolvedLocale === locale) return
  locale = resolvedLocale
  formats = makeFormats()
  formatting = localeFormatting(locale)
}

export const formatDollars = (usd: number): string => formats.dollars.format(usd)
export const formatNumber = (value: number): string => formats.oneDecimal.format(value)
export const formatShare = (part: number, whole: number): string => formatting.value(whole === 0 ? 0 : (100 * part) / whole, '%')
/** A share 0..1 in percent. */
export const formatProbability = (share: number): string => formatting.value(share * 100, '%')
/** +3.2, -1 */
export const formatSigned = (value: number): string => `${value > 0 ? '+' : ''}${formatNumber(value).replace('-', '−')}`
/** Local time, for actions of the user. */
export const formatLocalTime = (iso: string): string => formats.localTime.format(new Date(iso))
/** UTC, for times of the data. */
export const formatUtcTime = (iso: string): string => `${formats.utcTime.format(new Date(iso))} UTC`

/** UTC. */
export const formatDate = (timeMs: number): string => formats.date.format(timeMs)

/** "Mon" */
export const formatWeekday = (timeMs: number): string => formats.weekday.format(timeMs)

/** "in 12 days", "in 5 hours". */
export const formatDaysAhead = (days: number): string => {
  const hours = Math.max(1, Math.round(days * 24))
  const [number, unit] = hours < 48 && hours % 24 !== 0 ? [hours, 'hour'] : [Math.round(hours / 24), 'day']
  return `in ${formatting.count(number)} ${unit}${number === 1 ? '' : 's'}`
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
