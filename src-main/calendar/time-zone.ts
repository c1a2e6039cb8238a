// A time zone as the list of its changes of clocks, so that JavaScript and SQL convert times by the same arithmetic.
import { offsetReader, offsetText } from '../../src-shared/run/zone-clock.ts'

/** An offset from UTC, in seconds, that holds from an instant on (milliseconds since 1970; the first one from -Infinity). */
interface ZoneOffset {
  readonly fromMs: number
  readonly offsetSeconds: number
}

const dayMs = 86_400_000
/** No zone changes its clocks twice within it. */
const searchStepMs = 7 * dayMs

const isoTimestamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** Valid between the two instants it was opened for, and a day beyond. */
export class TimeZone {
  /** IANA name. */
  readonly name: string
  readonly #offsets: readonly ZoneOffset[]

  private constructor(name: string, offsets: readonly ZoneOffset[]) {
    this.name = name
    this.#offsets = offsets
  }

  static readonly utc = new TimeZone('UTC', [{ fromMs: Number.NEGATIVE_INFINITY, offsetSeconds: 0 }])

  /** Throws RangeError for an unknown name. */
  static open(name: string, firstMs: number, lastMs: number): TimeZone {
    if (name === TimeZone.utc.name) return TimeZone.utc
    const offsetAt = offsetReader(name)
    let offsetSeconds = offsetAt(firstMs - 2 * dayMs)
    const offsets = [{ fromMs: Number.NEGATIVE_INFINITY, offsetSeconds }]
    for (let ms = firstMs - 2 * dayMs; ms < lastMs + 2 * dayMs; ms += searchStepMs) {
      const next = offsetAt(ms + searchStepMs)
      if (next === offsetSeconds) continue
      offsets.push({ fromMs: firstWith(next, ms, ms + searchStepMs, offsetAt), offsetSeconds: next })
      offsetSeconds = next
    }
    return new TimeZone(name, offsets)
  }

  get isUtc(): boolean {
    return this.#offsets.every(({ offsetSeconds }) => offsetSeconds === 0)
  }

  /** The local clock's reading at an instant, as if it were UTC; both in milliseconds. */
  toLocal(ms: number): number {
    return ms + this.#offsetAt(ms) * 1000
  }

  /** The instant of a local reading: the first of two where clocks were put back; as before the change where they were put forward. */
  toInstant(localMs: number): number {
    let index = this.#offsets.length - 1
    while (index > 0 && localMs < this.#localStart(index)) index--
    return localMs - this.#offsets[index]!.offsetSeconds * 1000
  }

  /** SQL for the local reading of a TIMESTAMP in UTC. */
  localSql(ts: string): string {
    return this.#shiftSql(ts, '+', (index) => this.#offsets[index]!.fromMs)
  }

  /** SQL for `toInstant`. */
  instantSql(local: string): string {
    return this.#shiftSql(local, '-', (index) => this.#localStart(index))
  }

  /** SQL for a TIMESTAMP in UTC as ISO 8601 with the local offset, to the second; as `isoText` of zone-clock.ts. */
  isoSql(ts: string): string {
    if (this.isUtc) return `strftime(${ts}, '%Y-%m-%dT%H:%M:%SZ')`
    const offsets = this.#perOffsetSql(
      ts,
      (index) => this.#offsets[index]!.fromMs,
      (seconds) => `'${offsetText(seconds)}'`,
    )
    return `(strftime(${this.localSql(ts)}, '%Y-%m-%dT%H:%M:%S') || ${offsets})`
  }

  #offsetAt(ms: number): number {
    let index = this.#offsets.length - 1
    while (index > 0 && ms < this.#offsets[index]!.fromMs) index--
    return this.#offsets[index]!.offsetSeconds
  }

  #localStart(index: number): number {
    const [before, offset] = [this.#offsets[index - 1]!, this.#offsets[index]!]
    return offset.fromMs + Math.max(before.offsetSeconds, offset.offsetSeconds) * 1000
  }

  #shiftSql(time: string, sign: '+' | '-', startOf: (index: number) => number): string {
    return this.isUtc ? time : `(${time} ${sign} to_seconds(${this.#perOffsetSql(time, startOf, String)}))`
  }

  /** SQL for a value of the offset that holds at a time. */
  #perOffsetSql(time: string, startOf: (index: number) => number, valueOf: (offsetSeconds: number) => string): string {
    const cases = this.#offsets
      .slice(1)
      .map(({ offsetSeconds }, at) => `WHEN ${time} >= TIMESTAMP '${isoTimestamp(startOf(at + 1))}' THEN ${valueOf(offsetSeconds)}`)
      .reverse()
    const first = valueOf(this.#offsets[0]!.offsetSeconds)
    return cases.length === 0 ? first : `CASE ${cases.join(' ')} ELSE ${first} END`
  }
}

/** The first whole second in `fromMs`..`toMs` with the offset. */
const firstWith = (offset: number, fromMs: number, toMs: number, offsetAt: (ms: number) => number): number => {
  let [low, high] = [Math.floor(fromMs / 1000), Math.ceil(toMs / 1000)]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle * 1000) === offset) high = middle
    else low = middle + 1
  }
  return low * 1000
}

/** Named first where several zones fit. */
const commonZones = [
  'Europe/London',
  'Europe/Berlin',
  'Europe/Helsinki',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Shanghai',
  'Asia/Tokyo',
  'Australia/Sydney',
]

/** The zones in whose local calendar all the instants are midnight; those of `preferred` first, then the commonest. */
export const zonesWithMidnightAt = (instants: readonly number[], preferred: readonly string[]): string[] => {
  const isMidnight = (name: string): boolean => {
    const offsetAt = offsetReader(name)
    return instants.every((ms) => (ms + offsetAt(ms) * 1000) % dayMs === 0)
  }
  const names = new Set([...preferred, ...commonZones, ...Intl.supportedValuesOf('timeZone')])
  return [...names].filter(isMidnight)
}
