// The clock of a time zone: local readings of instants, and days and instants as ISO text, for every place where a person reads a time.

export interface ZoneClock {
  /** IANA name. */
  readonly zone: string
  /** The clock's reading at an instant, as if it were UTC; both in milliseconds. */
  readonly toLocal: (ms: number) => number
  /** The instant of a reading: the first of two where clocks were put back; as before the change where they were put forward. */
  readonly toInstant: (localMs: number) => number
}

const dayMs = 86_400_000

export const utcClock: ZoneClock = { zone: 'UTC', toLocal: (ms) => ms, toInstant: (localMs) => localMs }

const clocks = new Map<string, ZoneClock>([[utcClock.zone, utcClock]])

/** Throws RangeError for an unknown name. */
export const zoneClock = (zone: string): ZoneClock => {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const offsetAt = offsetReader(zone)
  const clock: ZoneClock = {
    zone,
    toLocal: (ms) => ms + offsetAt(ms) * 1000,
    toInstant: (localMs) => {
      const [before, after] = [localMs - dayMs, localMs + dayMs].map((ms) => localMs - offsetAt(ms) * 1000)
      const matching = [before!, after!].filter((ms) => ms + offsetAt(ms) * 1000 === localMs)
      return matching.length === 0 ? before! : Math.min(...matching)
    },
  }
  clocks.set(zone, clock)
  return clock
}

/** The offset from UTC of a zone at an instant, in seconds. */
export const offsetReader = (zone: string): ((ms: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type)!
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return local / 1000 - Math.floor(ms / 1000)
  }
}

/** "+09:00", "-05:00"; "Z" for 0. */
export const offsetText = (offsetSeconds: number): string => {
  if (offsetSeconds === 0) return 'Z'
  const minutes = Math.round(Math.abs(offsetSeconds) / 60)
  const twoDigits = (value: number): string => String(value).padStart(2, '0')
  return `${offsetSeconds < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}

const readingText = (localMs: number): string => new Date(localMs).toISOString()

/** The local day: 2026-03-31. */
export const dayText = ({ toLocal }: ZoneClock, ms: number): string => readingText(toLocal(ms)).slice(0, 10)

/** The local day and time: 2026-03-31 18:00. */
export const minuteText = ({ toLocal }: ZoneClock, ms: number): string => readingText(toLocal(ms)).slice(0, 16).replace('T', ' ')

/** The local day, and the time where it is not midnight. */
export const momentText = (clock: ZoneClock, ms: number): string =>
  clock.toLocal(ms) % dayMs === 0 ? dayText(clock, ms) : minuteText(clock, ms)

/** ISO 8601 with the local offset, to the second: 2026-03-31T18:00:00+09:00. */
export const isoText = ({ toLocal }: ZoneClock, ms: number): string =>
  `${readingText(toLocal(ms)).slice(0, 19)}${offsetText(Math.round((toLocal(ms) - ms) / 1000))}`
